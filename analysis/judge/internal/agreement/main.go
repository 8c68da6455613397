// Agreement compares this judge with Kayenta's own test suites, which are not part
// of this repository: it takes a file with their cases and prints, suite by suite,
// how many apply, how many agree with what the test asserts, and how many agree to
// the last bit with what upstream's code was seen to compute.
//
//	go run ./analysis/judge/internal/agreement -cases FILE
//
// FILE is a JSON list of {suite, name, input, expected, tolerance, observed, note}.
// The exit status is 1 when a case disagrees. It imports judge and stats; start
// reading at suites.go.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("agreement", flag.ContinueOnError)
	flags.SetOutput(errs)
	path := flags.String("cases", "", "JSON `file` with the cases")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	b, err := os.ReadFile(*path)
	if err != nil {
		fmt.Fprintln(errs, "cases: cannot be read:", err)
		return 2
	}
	var cases []testCase
	if err := json.Unmarshal(b, &cases); err != nil {
		fmt.Fprintln(errs, "cases: not understood:", err)
		return 2
	}
	return report(cases, out)
}

// row is one suite's line of the table.
type row struct {
	suite                           string
	cases, apply, agree, bits, seen int
	why                             string // the cases that do not apply
}

func report(cases []testCase, out io.Writer) int {
	var rows []*row
	bySuite := map[string]*row{}
	var wrong []string
	for i := range cases {
		c := &cases[i]
		r := bySuite[c.Suite]
		if r == nil {
			r = &row{suite: c.Suite}
			bySuite[c.Suite] = r
			rows = append(rows, r)
		}
		r.cases++
		res := c.check()
		if res.why != "" {
			r.why = res.why
			continue
		}
		r.apply++
		if res.wrong == "" {
			r.agree++
		} else {
			wrong = append(wrong, c.Suite+": "+c.Name+": "+res.wrong)
		}
		if res.observed {
			r.seen++
			if res.bits == "" {
				r.bits++
			} else {
				wrong = append(wrong, c.Suite+": "+c.Name+": bits: "+res.bits)
			}
		}
	}
	print(rows, out)
	for _, w := range wrong {
		fmt.Fprintln(out, w)
	}
	if len(wrong) > 0 {
		return 1
	}
	return 0
}

func print(rows []*row, out io.Writer) {
	total := row{suite: "total"}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "suite\tcases\tapply\tagree\tbit for bit\tdo not apply")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d of %d\t%s\n", r.suite, r.cases, r.apply, r.agree, r.bits, r.seen, r.why)
		total.cases += r.cases
		total.apply += r.apply
		total.agree += r.agree
		total.bits += r.bits
		total.seen += r.seen
	}
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d of %d\t\n", total.suite, total.cases, total.apply, total.agree, total.bits, total.seen)
	_ = w.Flush() // out is a terminal or a buffer
}
