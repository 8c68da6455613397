# Writes proportion.csv: exact intervals of proportions, by binom.test.
# Rscript proportion.R, R 4.2.2.
out <- file("proportion.csv", "w")
for (n in c(1, 2, 3, 10, 20, 100, 168, 720, 1000, 10000)) {
  for (k in unique(c(0, 1, 2, 3, 7, n %/% 2, n - 1, n))) {
    if (k < 0 || k > n) next
    for (level in c(0.5, 0.9, 0.95, 0.99)) {
      i <- binom.test(k, n, conf.level = level)$conf.int
      writeLines(sprintf("%d,%d,%.17g,%.17g,%.17g", k, n, level, i[1], i[2]), out)
    }
  }
}
close(out)
