package chart

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

// records hold one run, or trouble.
type records struct {
	looks           []analysis.Look
	pairs           []analysis.Pair
	noLooks, noPair error
}

func (r records) Looks(context.Context, string) ([]analysis.Look, error) {
	return r.looks, r.noLooks
}

func (r records) Pairs(context.Context, string) ([]analysis.Pair, error) {
	return r.pairs, r.noPair
}

func TestReadTakesTheLatestWord(t *testing.T) {
	m := newRun(analysis.Gauge, 5)
	early, late := *m.finding, *m.finding
	early.Reason, late.Reason = "early", "late"
	r := records{pairs: []analysis.Pair{m.pair}, looks: []analysis.Look{
		{Number: 1, Verdict: analysis.Verdict{Findings: []analysis.Finding{early}}},
		{Number: 2, Verdict: analysis.Verdict{Findings: []analysis.Finding{late}}},
	}}
	ps, err := Read(t.Context(), r, &m.run, "", "")
	if err != nil || len(ps) != 1 || ps[0].Finding.Reason != "late" || len(ps[0].Pair.Canary.Values) != 5 {
		t.Errorf("got %+v, %v", ps, err)
	}
	if ps, err := Read(t.Context(), records{}, &m.run, "p99", ""); err != nil || len(ps) != 1 || ps[0].Finding != nil {
		t.Errorf("before the first look: %+v, %v", ps, err)
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	down := analysis.Errorf(analysis.Unavailable, "database: the disk is full")
	m := newRun(analysis.Gauge, 5)
	for name, c := range map[string]struct {
		records         records
		metric, segment string
		kind            analysis.Kind
		says            string
	}{
		"no looks":        {records{noLooks: down}, "", "", analysis.Unavailable, "disk"},
		"no samples":      {records{noPair: down}, "", "", analysis.Unavailable, "disk"},
		"unknown metric":  {records{}, "p98", "", analysis.NotFound, `no metric "p98"`},
		"unknown segment": {records{}, "", "region=eu", analysis.NotFound, `no segment "region=eu"`},
		"both":            {records{}, "p99", "region=eu", analysis.NotFound, `no metric "p99" with segment "region=eu"`},
		"a strange name":  {records{}, "a\x00\n" + strings.Repeat("x", 9999), "", analysis.NotFound, `no metric "a`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(t.Context(), c.records, &m.run, c.metric, c.segment)
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || len(err.Error()) > 400 {
				t.Errorf("got %v", err)
			}
		})
	}
	empty := analysis.Run{ID: "r2"}
	if _, err := Read(t.Context(), records{}, &empty, "", ""); !errors.Is(err, analysis.NotFound) || !strings.Contains(err.Error(), "no metrics") {
		t.Errorf("a run without metrics: %v", err)
	}
}

func TestTagChangesWithWhatIsDrawn(t *testing.T) {
	run := analysis.Run{ID: "r1", Rev: 3}
	tag := Tag(&run, "1.0")
	later, other := run, run
	later.Rev, other.ID = 4, "r2"
	if tag == Tag(&later, "1.0") || tag == Tag(&run, "1.1") || tag == Tag(&other, "1.0") || tag != Tag(&run, "1.0") {
		t.Error("the tag does not tell drawings apart")
	}
}
