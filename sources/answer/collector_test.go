package answer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		reduce analysis.Reduce
		answer []one
		kind   analysis.Kind
		text   string
	}{
		"twice":        {"sum", []one{pod("a", 1), pod("a", 1)}, analysis.Unavailable, "source x: it answers the same series twice"},
		"several":      {"", []one{pod("b", 2), pod("a", 1)}, analysis.Invalid, `source x: the answer has 2 series, not one; they differ in pod: {pod="a"}, {pod="b"} (try: sum(...)`},
		"another time": {"", []one{pod("", 100)}, analysis.Unavailable, "of another time"},
		"before":       {"all", []one{pod("", -1, 0)}, analysis.Unavailable, "of another time"},
		"another step": {"max", []one{pod("", 1, 1)}, analysis.Unavailable, "not on the step"},
		"back in time": {"", []one{pod("", 2, 1)}, analysis.Unavailable, "not on the step"},
	} {
		q := minutes(3)
		q.Reduce = c.reduce
		got, err := answered(t, q, c.answer)
		if got != nil || analysis.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, error %v, want %s about %q", name, got, err, c.kind, c.text)
		}
	}
}

// TestTooManyCells stops before the memory is spent.
func TestTooManyCells(t *testing.T) {
	q := minutes(11000)
	q.Reduce = analysis.ReduceAll
	var pods []one
	for i := range 400 {
		pods = append(pods, pod(fmt.Sprint(i), 1))
	}
	if _, err := answered(t, q, pods); analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), "too many to keep") {
		t.Errorf("error %v, want one about the size", err)
	}
	q.Reduce = analysis.ReduceSum
	if _, err := answered(t, q, pods); err != nil {
		t.Errorf("the sum of as many: %v", err)
	}
}

// TestJoin joins what several requests answer: a series that is there only in
// one of them is still one of several.
func TestJoin(t *testing.T) {
	got, err := answered(t, minutes(3), []one{pod("a", 1)}, nil, []one{pod("a", 3)})
	if err != nil || show(got) != `pod=a [1,null,3]` {
		t.Errorf("joined to %s, error %v", show(got), err)
	}
	if _, err = answered(t, minutes(2), []one{pod("a", 1)}, []one{pod("b", 2)}); analysis.KindOf(err) != analysis.Invalid {
		t.Errorf("error %v, want one about several series", err)
	}
	q := minutes(2)
	q.Reduce = analysis.ReduceAll
	got, err = answered(t, q, []one{pod("b", 1)}, []one{pod("b", 2), pod("a", 2)})
	if err != nil || show(got) != `pod=a [null,2] pod=b [1,2]` {
		t.Errorf("all are %s, error %v", show(got), err)
	}
	// A server that aligns answers a sample of the part before: it is not counted twice.
	q.Reduce = analysis.ReduceSum
	got, err = answered(t, q, []one{pod("a", 0, 1)}, []one{pod("a", 1, 2)})
	if err != nil || show(got) != ` [1,2]` {
		t.Errorf("aligned parts: %s, error %v", show(got), err)
	}
}

// TestHopelessEarly stops at the end of a part, not of the window.
func TestHopelessEarly(t *testing.T) {
	c := started(t, minutes(2))
	parts := c.Parts(1)
	if err := c.Part(parts[0]); err != nil {
		t.Fatal(err)
	}
	for _, s := range []one{pod("a", 1), pod("b", 1)} {
		if err := c.Add(s.labels, s.samples); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Part(parts[1]); analysis.KindOf(err) != analysis.Invalid {
		t.Errorf("error %v, want one about several series before more is asked", err)
	}
}

// TestNulls counts them, and never takes one for a value.
func TestNulls(t *testing.T) {
	half := pod("a", 1, 2, 3)
	half.samples[1].Null = true
	for name, c := range map[string]struct {
		reduce analysis.Reduce
		answer []one
		want   string
		nulls  []int
	}{
		"some":                        {"", []one{half}, `pod=a [1,null,3]`, []int{1}},
		"nothing else":                {"", []one{nulls("a", 1, 2)}, ` [null,null,null]`, []int{2}},
		"nothing else, of several":    {"", []one{nulls("a", 1, 2), nulls("b", 1, 2, 3)}, ` [null,null,null]`, []int{3}},
		"one series has values":       {"", []one{nulls("a", 1, 2), pod("b", 2)}, `pod=b [null,2,null]`, []int{0}},
		"one series has values, last": {"", []one{pod("b", 2), nulls("c", 1, 2)}, `pod=b [null,2,null]`, []int{0}},
		"all":                         {"all", []one{half, nulls("b", 1), pod("c", 1)}, `pod=a [1,null,3] pod=c [1,null,null]`, []int{1, 0}},
		"sum":                         {"sum", []one{half, pod("b", 1), nulls("c", 1, 2, 3)}, ` [2,null,3]`, []int{1}},
		"sum of nothing":              {"sum", []one{nulls("c", 1, 2, 3)}, ` [null,null,null]`, []int{3}},
		"max, null first":             {"max", []one{nulls("c", 3), half}, ` [1,null,3]`, []int{1}},
		"no sample":                   {"", []one{{labels: map[string]string{"a": "b"}}}, ``, nil},
	} {
		q := minutes(3)
		q.Reduce = c.reduce
		got, err := answered(t, q, c.answer)
		if err != nil || show(got) != c.want {
			t.Errorf("%s: %s, error %v, want %s", name, show(got), err, c.want)
			continue
		}
		for i, s := range got {
			if s.Nulls != c.nulls[i] {
				t.Errorf("%s: series %d has %d nulls, want %d", name, i, s.Nulls, c.nulls[i])
			}
		}
	}
}

// TestAligned is what query frontends do unless told not to.
func TestAligned(t *testing.T) {
	q := minutes(2)
	q.Window = q.Window.Shift(7 * time.Second)
	got, err := answered(t, q, []one{pod("", 0, 1, 2)})
	if err != nil || show(got) != ` [1,2]` || len(got[0].Warnings) != 1 || !strings.Contains(got[0].Warnings[0], "aligns") {
		t.Errorf("%s, warnings %q, error %v, want each sample in its step and a warning", show(got), got[0].Warnings, err)
	}
}

// TestUnit cuts the start of the window down to what the server counts in: its samples
// are then of the moments asked for.
func TestUnit(t *testing.T) {
	q := minutes(2)
	q.Window = q.Window.Shift(900 * time.Microsecond)
	got, err := answered(t, q, []one{pod("", 1, 2)})
	if err != nil || show(got) != ` [1,2]` || len(got[0].Warnings) != 0 || !got[0].Start.Equal(q.Window.Start) {
		t.Errorf("%v, error %v", got, err)
	}
}

// TestRollup wants each value in the step that its bucket ends in, and the longest
// roll-up to be told.
func TestRollup(t *testing.T) {
	c := started(t, minutes(6))
	for _, d := range []time.Duration{time.Second, time.Minute} {
		c.Rollup(d)
	}
	if c.rollup != 0 {
		t.Errorf("a roll-up of %s, although nothing is longer than the step", c.rollup)
	}
	c.Rollup(3 * time.Minute)
	c.Rollup(2 * time.Minute)
	if err := c.Add(nil, pod("", 3, 6).samples); err != nil {
		t.Fatal(err)
	}
	got, err := c.Series()
	if err != nil || show(got) != ` [null,null,3,null,null,6]` || got[0].Rollup != 3*time.Minute || len(got[0].Warnings) != 0 {
		t.Errorf("%v, error %v", got, err)
	}
}

// TestWarn keeps ten, each once, and makes an empty answer different from silence.
func TestWarn(t *testing.T) {
	for _, reduce := range []analysis.Reduce{analysis.ReduceNone, analysis.ReduceSum, analysis.ReduceAll} {
		q := minutes(2)
		q.Reduce = reduce
		c := started(t, q)
		for i := range 30 {
			c.Warn(fmt.Sprint("store ", i/2, " is away"))
			c.Warn("")
		}
		got, err := c.Series()
		if err != nil || show(got) != ` [null,null]` || len(got[0].Warnings) != 10 || got[0].Warnings[1] != "store 1 is away" {
			t.Errorf("%q: %v, error %v", reduce, got, err)
		}
	}
	if got, err := answered(t, minutes(2), nil); got != nil || err != nil {
		t.Errorf("silence is %v, error %v", got, err)
	}
}

// show prints labels and values.
func show(all []analysis.Series) string {
	var out []string
	for _, s := range all {
		values, _ := s.Values.MarshalJSON()
		text := " " + string(values)
		if p, ok := s.Labels["pod"]; ok {
			text = "pod=" + p + text
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}
