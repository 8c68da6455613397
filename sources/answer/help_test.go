package answer

import (
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// noon is where the windows of these tests start.
func noon() time.Time { return time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC) }

// minutes asks for n steps of a minute from noon.
func minutes(n int) analysis.Query {
	return analysis.Query{
		Text: "up", Step: time.Minute,
		Window: analysis.Window{Start: noon(), End: noon().Add(time.Duration(n) * time.Minute)},
	}
}

// one is a series of a server's answer.
type one struct {
	labels  map[string]string
	samples []Sample
}

// pod is a series with a sample at each given minute after noon.
func pod(name string, at ...int) one {
	o := one{}
	if name != "" {
		o.labels = map[string]string{"pod": name}
	}
	for _, m := range at {
		o.samples = append(o.samples, Sample{At: noon().Add(time.Duration(m) * time.Minute), Value: float64(m)})
	}
	return o
}

// nulls is a series of nulls.
func nulls(name string, at ...int) one {
	o := pod(name, at...)
	for i := range o.samples {
		o.samples[i].Null = true
	}
	return o
}

// started returns a collector for a query that must be good.
func started(t testing.TB, q analysis.Query) *Collector {
	t.Helper()
	c, err := New("source x", q, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answered collects the parts of an answer; several parts hold one step each.
func answered(t testing.TB, q analysis.Query, parts ...[]one) ([]analysis.Series, error) {
	t.Helper()
	c := started(t, q)
	windows := c.Parts(c.whole.n)
	if len(parts) > 1 {
		windows = c.Parts(1)
	}
	for i, part := range parts {
		if err := c.Part(windows[i]); err != nil {
			return nil, err
		}
		for _, s := range part {
			if err := c.Add(s.labels, s.samples); err != nil {
				return nil, err
			}
		}
	}
	return c.Series()
}
