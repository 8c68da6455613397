package main

import (
	"encoding/json"
	"flag"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge/judgetest"
)

// options say what is measured. They are part of the result.
type options struct {
	Runs    int                  `json:"runs"` // releases of each family
	Seed    uint64               `json:"seed"`
	Looks   looks                `json:"looks"`             // of the sequential judge
	Judges  []analysis.JudgeName `json:"judges"`            //
	History int                  `json:"history,omitempty"` // samples of earlier good runs that the sequential judge may learn from
	Samples int                  `json:"samples,omitempty"` // of a run; 0: the family's own
}

// looks says how often a judge looks.
type looks string

// The ways to look.
const (
	everySample looks = "every"
	everyFifth  looks = "5th"
)

const aboutJudge = `usage: haldane-bench judge [flags]

Makes releases with known truth and has every judge watch them look by look. For each
family and judge it prints which share was failed (of bad releases: at the onset of
the harm or later), with the 95 % bound below of a good family's rate, failed before the
onset, the median and 90th percentile of the samples from the onset to the failure,
passed before the end, and was inconclusive at the end. A pass does not end the
watching: what fails after it is counted as if min_duration were the whole run.

kayenta looks at every 5th sample from the 10th on, with its own defaults, and fails
below a score of 75. The exit status is 1 when the sequential judge fails a family
of good releases more often than it may, beyond chance.

`

// judgeCommand runs the bench and returns the exit status.
func judgeCommand(args []string, s streams) (int, error) {
	o := options{Looks: everySample}
	f := flag.NewFlagSet("judge", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.IntVar(&o.Runs, "runs", 200, "releases of each family")
	f.Uint64Var(&o.Seed, "seed", 1, "the same seed gives the same releases")
	f.IntVar(&o.History, "history", 0, "samples of earlier good runs that the sequential judge has learnt the noise from")
	f.IntVar(&o.Samples, "samples", 0, "samples of a run; 0: the family's own, mostly 60")
	family := f.String("family", "*", `families, comma-separated patterns: "gauge/*", "good", "bad", "outside", "x2-mid"`)
	judges := f.String("judge", "sequential,kayenta", "judges, comma-separated")
	every := f.String("looks", string(everySample), "when the sequential judge looks: every sample, or every 5th")
	asJSON := f.Bool("json", false, "print JSON")
	table := f.String("table", "full", "full, or readme: the short one in Markdown, of its own families")
	if err := f.Parse(args); err != nil {
		if err == flag.ErrHelp { //nolint:errorlint // the package returns it as it is
			_, _ = io.WriteString(s.out, aboutJudge)
			f.SetOutput(s.out)
			f.PrintDefaults()
			return exitOK, err
		}
		return exitTrouble, analysis.Errorf(analysis.Invalid, "%v", err).WithHint(`"haldane-bench judge -h"`)
	}
	o.Looks = looks(*every)
	for name := range strings.SplitSeq(*judges, ",") {
		o.Judges = append(o.Judges, analysis.JudgeName(strings.TrimSpace(name)))
	}
	if *table == "readme" {
		*family = readmeFamilies()
	}
	if err := o.check(f.Args(), *table); err != nil {
		return exitTrouble, err
	}
	families, err := judgetest.Find(*family)
	if err != nil {
		return exitTrouble, err
	}
	w := work{options: o, families: families, workers: runtime.GOMAXPROCS(0), progress: progressTo(s)}
	return report(s.out, w.measure(), *table, *asJSON)
}

func (o *options) check(rest []string, table string) error {
	bad := func(format string, args ...any) *analysis.Error {
		return analysis.Errorf(analysis.Invalid, format, args...)
	}
	switch {
	case len(rest) > 0:
		return bad("%q: what is that for", rest[0]).WithHint(`"haldane-bench judge -h"`)
	case o.Runs < 1:
		return bad("-runs %d: at least 1", o.Runs)
	case o.History < 0:
		return bad("-history %d: must not be negative", o.History)
	case o.Samples != 0 && o.Samples < fewestSamples:
		return bad("-samples %d: at least %d", o.Samples, fewestSamples)
	case o.Looks != everySample && o.Looks != everyFifth:
		return bad("-looks %q: there is no such way", o.Looks).WithHint(`"every" or "5th"`)
	case table != "full" && table != "readme":
		return bad("-table %q: there is none", table).WithHint(`"full" or "readme"`)
	}
	for i, name := range o.Judges {
		switch {
		case name != analysis.JudgeSequential && name != analysis.JudgeKayenta:
			return bad("-judge %q: not measured here", name).WithHint("sequential, kayenta")
		case slices.Index(o.Judges, name) != i:
			return bad("-judge: %s is named twice", name)
		}
	}
	return nil
}

// fewestSamples is the shortest run that families are made for.
const fewestSamples = 12

// report writes the result.
func report(out io.Writer, r result, table string, asJSON bool) (int, error) {
	var err error
	switch {
	case asJSON:
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		err = e.Encode(r)
	case table == "readme":
		err = r.readme(out)
	default:
		err = r.text(out)
	}
	if err != nil {
		return exitTrouble, err
	}
	if len(r.Broken) > 0 {
		return exitFail, nil
	}
	return exitOK, nil
}
