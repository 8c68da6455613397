# Numbers for samplesize_test.go: Rscript samplesize.R > samplesize.csv
# First column: which function; then its arguments; last the result.
line <- function(...) cat(sapply(list(...), function(v) if (is.character(v)) v else format(v, digits = 15, scientific = NA)), sep = ",", fill = FALSE)
out <- function(...) { line(...); cat("\n") }

for (p in list(c(.002, .004), c(.004, .002), c(.1, .12), c(.9, .72), c(.03, .021)))
  for (a in c(.01, .05)) for (w in c(.8, .95)) {
    n <- power.prop.test(p1 = p[1], p2 = p[2], sig.level = a, power = w, alternative = "one.sided", tol = 1e-12)$n
    out("proportions", p[2], p[1], 1, a, w, n)
  }

# Fleiss, Levin and Paik: unequal groups, written out; and with the variance of Poisson counts.
fleiss <- function(pc, pb, k, a, w, v) {
  m <- (pc + k * pb) / (1 + k)
  (qnorm(a, lower.tail = FALSE) * sqrt((k + 1) * v(m)) + qnorm(w) * sqrt(k * v(pc) + v(pb)))^2 / (k * (pc - pb)^2)
}
for (k in c(.25, 1, 9, 99)) for (w in c(.8, .95)) {
  out("proportions", .004, .002, k, .01, w, fleiss(.004, .002, k, .01, w, function(p) p * (1 - p)))
  out("poisson", .2, .02, k, .01, w, fleiss(.2, .02, k, .01, w, function(p) p))
  out("poisson", 1.5, 2.5, k, .05, w, fleiss(1.5, 2.5, k, .05, w, function(p) p))
}

# Information: the least over the common rate, found by search.
kl <- function(p, q) ifelse(p == 0, 0, p * log(p / q)) + ifelse(p == 1, 0, (1 - p) * log((1 - p) / (1 - q)))
pois <- function(p, q) ifelse(p == 0, 0, p * log(p / q)) - p + q
for (k in c(.25, 1, 99)) for (p in list(c(.004, .002), c(.72, .9), c(.01, 0), c(1, .5))) {
  f <- function(q) kl(p[1], q) + k * kl(p[2], q)
  out("information", p[1], p[2], k, optimize(f, range(p), tol = 1e-12)$objective)
  g <- function(q) pois(p[1], q) + k * pois(p[2], q)
  out("poissonInformation", p[1], p[2], k, optimize(g, range(p), tol = 1e-12)$objective)
}

# The mean of autocorrelated values: the sum of the matrix of correlations.
variance <- function(n, phi) sum(phi^abs(outer(1:n, 1:n, "-"))) / n^2
for (n in c(1, 2, 7, 60, 300)) for (phi in c(0, .3, .8, .95, -.5)) out("variance", n, phi, variance(n, phi))
for (shift in c(.05, .2, 1)) for (phi in c(0, .5, .9)) for (w in c(.8, .95)) {
  n <- 1
  while (shift < (qnorm(.99) + qnorm(w)) * .113 * sqrt(variance(n, phi))) n <- n + 1
  out("mean", shift, .113, phi, .01, w, n)
}

# First passage: the density of the inverse Gaussian distribution, integrated.
for (a in c(.01, .05, .001)) for (x in c(.5, 2, 5, 9, 20)) {
  b <- -log(a) # drift 1 and variance 2 a nat: mean b, shape b^2/2
  d <- function(t) sqrt(b^2 / 2 / (2 * pi * t^3)) * exp(-(b^2 / 2) * (t - b)^2 / (2 * b^2 * t))
  out("passage", x, a, integrate(d, 0, x, rel.tol = 1e-10)$value)
}
