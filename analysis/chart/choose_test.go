package chart

import (
	"math"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

func num(v float64) *analysis.Number { return analysis.Number(v).Ptr() }

func TestTheWorstComesFirst(t *testing.T) {
	in := []analysis.Finding{
		{Metric: "fine", Class: analysis.ClassPass, Evidence: num(0.001), Effect: num(0.01)},
		{Metric: "silent", Class: analysis.ClassNoData},
		{Metric: "fine, larger", Class: analysis.ClassPass, Evidence: num(0.001), Effect: num(-0.2)},
		{Metric: "suspect", Class: analysis.ClassPass, Evidence: num(0.4)},
		{Metric: "bad", Class: analysis.ClassHigh, Bad: true, Evidence: num(1.5)},
		{Metric: "worse", Class: analysis.ClassHigh, Bad: true, Evidence: num(20)},
		{Metric: "critical", Class: analysis.ClassHigh, Bad: true, Critical: true, Evidence: num(1.1)},
		{Metric: "no number", Class: analysis.ClassPass, Evidence: num(math.NaN())},
		{Metric: "for sure", Class: analysis.ClassHigh, Bad: true, Evidence: num(math.Inf(1))},
	}
	var got []string
	for _, f := range Worst(in) {
		got = append(got, f.Metric)
	}
	want := "critical | for sure | worse | bad | suspect | silent | fine, larger | fine | no number"
	if strings.Join(got, " | ") != want {
		t.Errorf("got %s", strings.Join(got, " | "))
	}
	if in[0].Metric != "fine" {
		t.Error("the caller's findings were sorted")
	}
}

func TestChoose(t *testing.T) {
	m := newRun(analysis.Gauge, 5)
	m.run.Snapshot.Metrics = []analysis.Metric{{Name: "p99"}, {Name: "errors"}, {Name: "later"}}
	at := func(metric, segment string) analysis.Pair {
		p := m.pair
		p.Metric, p.Segment = metric, segment
		return p
	}
	pairs := []analysis.Pair{at("p99", "region=eu"), at("p99", "region=us"), at("errors", "")}
	findings := []analysis.Finding{
		{Metric: "p99", Segment: "region=eu", Class: analysis.ClassPass},
		{Metric: "p99", Segment: "region=us", Class: analysis.ClassHigh, Bad: true},
		{Metric: "p99", Segment: "region=ap", Class: analysis.ClassNoData},
		{Metric: "errors", Class: analysis.ClassPass, Evidence: num(0.05)},
	}
	for name, c := range map[string]struct {
		metric, segment, want string
	}{
		"all":             {"", "", "p99 region=us, p99 region=ap, errors, p99 region=eu, later"},
		"a metric":        {"p99", "", "p99 region=us, p99 region=ap, p99 region=eu"},
		"a segment":       {"p99", "region=eu", "p99 region=eu"},
		"without samples": {"later", "", "later"},
		"unknown metric":  {"p98", "", ""},
		"unknown segment": {"errors", "region=eu", ""},
		"any in segment":  {"", "region=us", "p99 region=us"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range Choose(&m.run, pairs, findings, c.metric, c.segment) {
				got = append(got, strings.TrimSpace(p.Pair.Metric+" "+p.Pair.Segment))
				if known := p.Metric.Name; known != p.Pair.Metric {
					t.Errorf("metric %q is drawn as %q", p.Pair.Metric, known)
				}
				if (p.Finding == nil) != (p.Pair.Metric == "later") {
					t.Errorf("%s has the finding %v", p.Pair.Metric, p.Finding)
				}
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
	if len(pairs) != 3 {
		t.Error("the caller's pairs were changed")
	}
	if v := svg(t, Choose(&m.run, nil, nil, "later", "")[0]); !v.says("no samples of the canary") {
		t.Error("a metric of which nothing is known has no picture that says so")
	}
}
