package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// powerAnswer is how long a run must be.
type powerAnswer struct {
	Kind              analysis.MetricKind `json:"kind"`
	Level             *levelModel         `json:"gauge,omitempty"`
	Rate              *rateModel          `json:"rate,omitempty"`
	Change            float64             `json:"change"`
	Tolerance         float64             `json:"tolerance"`
	FalseRollbackRate float64             `json:"false_rollback_rate"`
	StepSeconds       float64             `json:"step_seconds"`
	History           int                 `json:"history,omitempty"`
	Runs              int                 `json:"runs"`    // that were simulated; 0: it would take too long
	Planned           int                 `json:"planned"` // samples of each
	Found             float64             `json:"found"`   // share of them that was failed by then
	Chances           [2]powerChance      `json:"chances"`
}

// powerChance is after how many samples a change is seen with a probability. 0 is not
// known: it takes longer than was tried.
type powerChance struct {
	Chance  float64 `json:"chance"`
	Fixed   int     `json:"one_look_samples"`
	AnyLook int     `json:"any_look_samples"`
	Haldane int     `json:"haldane_samples"`
}

func (a *powerAnswer) json(out io.Writer) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(a)
}

func (a *powerAnswer) text(out io.Writer) error {
	fmt.Fprintf(out, "%s.\nA change of %s; tolerance %s; at most %s of good releases fail; a sample every %s.\n\n",
		a.metric(), changeOf(a.Change), percentOf(a.Tolerance), percentOf(a.FalseRollbackRate), a.long(1))
	columns(out, "seen with a chance of", percentOf(a.Chances[0].Chance), percentOf(a.Chances[1].Chance))
	a.row(out, "one look, at the end", func(c *powerChance) int { return c.Fixed }, "beyond reason")
	a.row(out, "any look, at best", func(c *powerChance) int { return c.AnyLook }, "beyond reason")
	a.row(out, "Haldane", func(c *powerChance) int { return c.Haldane }, "more than "+strconv.Itoa(a.Planned))
	_, err := fmt.Fprintf(out, `
One look, at the end: a test of fixed length that knows the noise, by formula. It is the least there is, and
right only if nobody looks before. Any look, at best: a test that may look at any time and knows noise and change.
%s
`, a.words())
	return err
}

// words say what Haldane's row is, and what would make it better.
func (a *powerAnswer) words() string {
	if a.Runs == 0 {
		return "Haldane was not tried: nothing that may look at any time sees this change in " + counted(a.Planned, "sample") + "."
	}
	learnt := ""
	if a.History > 0 && a.Kind == analysis.Gauge {
		learnt = fmt.Sprintf(", the noise learnt from %d earlier samples", a.History)
	}
	text := fmt.Sprintf("Haldane must find out: %d made-up releases, bad from the start, of one metric%s; %s failed within %s.",
		a.Runs, learnt, percentOf(a.Found), counted(a.Planned, "sample"))
	if a.Level != nil && !a.Level.BothSides {
		text += "\nBoth sides of a good run, in a line as for haldane judge, give a better answer: what both feel alike cancels."
	}
	return text
}

func (a *powerAnswer) row(out io.Writer, name string, of func(*powerChance) int, unknown string) {
	cells := make([]string, len(a.Chances))
	for i := range cells {
		cells[i] = unknown
		if n := of(&a.Chances[i]); n > 0 {
			cells[i] = counted(n, "sample") + " (" + a.long(n) + ")"
		}
	}
	columns(out, name, cells[0], cells[1])
}

func columns(out io.Writer, name, first, second string) {
	fmt.Fprintf(out, "%-23s %-28s  %s\n", name, first, second)
}

// metric says what is known of it.
func (a *powerAnswer) metric() string {
	if l := a.Level; l != nil {
		noise, from := "canary and baseline differ by chance by ", "as seen in "+counted(l.Samples, "sample")+" of both"
		if !l.BothSides {
			from = "if they share nothing of the baseline's own noise, as seen in " + counted(l.Samples, "sample")
		}
		return fmt.Sprintf("A level of %s; %s%s, autocorrelation %s, %s", short(l.Level), noise, percentOf(l.Noise), short(l.Correlation), from)
	}
	r := a.Rate
	what := percentOf(r.Rate) + " of " + short(r.Traffic) + " events a step"
	if a.Kind == analysis.Count {
		what = short(r.Rate) + " events for each of " + short(r.Traffic) + " units of exposure a step"
	}
	text := fmt.Sprintf("%s, %s of them on the canary", what, percentOf(r.Share))
	if r.Spread > 0 {
		text += "; they come in bursts: over-dispersion " + short(r.Spread)
	}
	return text
}

// long is how long so many samples take.
func (a *powerAnswer) long(n int) string {
	seconds := float64(n) * a.StepSeconds
	if seconds > 1e9 {
		return short(seconds/(365.25*24*60*60)) + " years"
	}
	return analysis.Duration(time.Duration(seconds * float64(time.Second))).String()
}

// short writes a number with three digits.
func short(v float64) string {
	if v != 0 && (math.Abs(v) < 1e-4 || math.Abs(v) >= 1e9) {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	three, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	return strconv.FormatFloat(three, 'f', -1, 64)
}

func percentOf(v float64) string { return short(v*100) + " %" }

func changeOf(v float64) string { return "x" + short(v) }
