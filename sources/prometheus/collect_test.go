package prometheus

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"pgregory.net/rapid"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// stream is a series with a sample at each given minute of minutes.
func stream(labels model.Metric, at ...int) *model.SampleStream {
	s := &model.SampleStream{Metric: labels}
	for _, m := range at {
		s.Values = append(s.Values, model.SamplePair{Timestamp: model.Time((1714564800 + 60*m) * 1000), Value: model.SampleValue(m)})
	}
	return s
}

func collect(t *testing.T, q analysis.Query, parts ...model.Matrix) (*collector, *analysis.Error) {
	t.Helper()
	g, err := newGrid(q)
	if err != nil {
		t.Fatal(err)
	}
	c := newCollector(q, g)
	for i, m := range parts {
		part := g
		if len(parts) > 1 { // as if a request held one step
			part = grid{start: g.start + int64(i)*g.step, step: g.step, first: i, n: 1}
		}
		if err := c.add(part, m); err != nil {
			return c, err
		}
	}
	return c, nil
}

func TestCollectRefuses(t *testing.T) {
	histogram := &model.SampleStream{Histograms: []model.SampleHistogramPair{{Timestamp: 1714564860000}}}
	mixed := stream(model.Metric{"a": "1"}, 1)
	mixed.Histograms = histogram.Histograms
	a, b := stream(model.Metric{"pod": "a"}, 1), stream(model.Metric{"pod": "b"}, 2)
	for name, c := range map[string]struct {
		reduce analysis.Reduce
		m      model.Matrix
		kind   analysis.Kind
		text   string
	}{
		"native histograms":       {"", model.Matrix{histogram}, analysis.Invalid, "native histograms, not numbers (try: histogram_quantile("},
		"histograms and numbers":  {"sum", model.Matrix{a, mixed}, analysis.Invalid, "native histograms"},
		"nothing where something": {"", model.Matrix{nil}, analysis.Unavailable, "not Prometheus's"},
		"twice":                   {"sum", model.Matrix{a, a}, analysis.Unavailable, "the same series twice"},
		"several":                 {"", model.Matrix{a, b}, analysis.Invalid, `2 series, not one; they differ in pod: {pod="a"}, {pod="b"} (try: sum(...)`},
		"another time":            {"", model.Matrix{stream(nil, 100)}, analysis.Unavailable, "of another time"},
		"before":                  {"all", model.Matrix{stream(nil, 0, -1)}, analysis.Unavailable, "of another time"},
		"another step":            {"max", model.Matrix{stream(nil, 1, 1)}, analysis.Unavailable, "not on the step"},
		"unknown reduce":          {"median", model.Matrix{a}, analysis.Invalid, `reduce "median": not known`},
	} {
		q := minutes(3)
		q.Reduce = c.reduce
		_, err := collect(t, q, c.m)
		if err == nil || err.Kind != c.kind || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: error %v, want %s about %q", name, err, c.kind, c.text)
		}
	}
}

// TestTooManyCells stops before the memory is spent.
func TestTooManyCells(t *testing.T) {
	q := minutes(11000)
	q.Reduce = analysis.ReduceAll
	var m model.Matrix
	for i := range 400 {
		m = append(m, stream(model.Metric{"pod": model.LabelValue(fmt.Sprint(i))}, 1))
	}
	_, err := collect(t, q, m)
	if err == nil || err.Kind != analysis.Invalid || !strings.Contains(err.Message, "too many to keep") {
		t.Errorf("error %v, want one about the size", err)
	}
	q.Reduce = analysis.ReduceSum
	if _, err := collect(t, q, m); err != nil {
		t.Errorf("the sum of as many: %v", err)
	}
}

// TestJoin joins what several requests answer: a series that is there only in
// one of them is still one of several.
func TestJoin(t *testing.T) {
	a, b := model.Metric{"pod": "a"}, model.Metric{"pod": "b"}
	c, err := collect(t, minutes(3), model.Matrix{stream(a, 1)}, model.Matrix{}, model.Matrix{stream(a, 3)})
	if err != nil {
		t.Fatal(err)
	}
	got := c.series()
	if len(got) != 1 || got[0].Values[0] != 1 || !analysis.IsMissing(got[0].Values[1]) || got[0].Values[2] != 3 {
		t.Errorf("joined to %v", got)
	}
	if _, err = collect(t, minutes(2), model.Matrix{stream(a, 1)}, model.Matrix{stream(b, 2)}); err == nil || err.Kind != analysis.Invalid {
		t.Errorf("error %v, want one about several series", err)
	}
	q := minutes(2)
	q.Reduce = analysis.ReduceAll
	c, err = collect(t, q, model.Matrix{stream(b, 1)}, model.Matrix{stream(b, 2), stream(a, 2)})
	if err != nil {
		t.Fatal(err)
	}
	got = c.series()
	if len(got) != 2 || got[0].Labels["pod"] != "a" || !analysis.IsMissing(got[0].Values[0]) || got[1].Values[0] != 1 {
		t.Errorf("all are %v", got)
	}
	// A server that aligns answers a sample of the part before: it is not counted twice.
	c, err = collect(t, minutes(2), model.Matrix{stream(a, 0, 1)}, model.Matrix{stream(a, 1, 2)})
	if err != nil || c.series()[0].Values[1] != 2 {
		t.Errorf("aligned parts: %v, error %v", c.series(), err)
	}
}

// TestAligned is what VictoriaMetrics and query frontends do unless told not to.
func TestAligned(t *testing.T) {
	q := minutes(2)
	q.Window = q.Window.Shift(7 * time.Second)
	c, err := collect(t, q, model.Matrix{stream(nil, 0, 1, 2)})
	if err != nil {
		t.Fatal(err)
	}
	got := c.series()[0]
	if got.Values[0] != 1 || got.Values[1] != 2 || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "aligns") {
		t.Errorf("values %v, warnings %q, want each sample in its step and a warning", got.Values, got.Warnings)
	}
}

func TestDifferingLabels(t *testing.T) {
	columns := func(metrics ...model.Metric) map[string]*column {
		out := map[string]*column{}
		for _, m := range metrics {
			out[m.String()] = &column{metric: m}
		}
		return out
	}
	long := model.LabelValue(strings.Repeat("ü", 100))
	wide := model.Metric{}
	for i := range 12 {
		wide[model.LabelName(fmt.Sprintf("l%02d", i))] = "x"
	}
	for name, c := range map[string]struct {
		columns map[string]*column
		names   string
	}{
		"one differs":      {columns(model.Metric{"a": "1", "b": "1"}, model.Metric{"a": "1", "b": "2"}), "b"},
		"one is missing":   {columns(model.Metric{"a": "1"}, model.Metric{}), "a"},
		"the name differs": {columns(model.Metric{"__name__": "up"}, model.Metric{"__name__": "down"}), "__name__"},
		"both":             {columns(model.Metric{"z": "1"}, model.Metric{"a": "1"}), "a,z"},
		"very many":        {columns(wide, model.Metric{}), "l00,l01,l02,l03,l04,l05,l06,l07,..."},
		"long and ugly":    {columns(model.Metric{"a": long}, model.Metric{"a": "two\nlines\""}), "a"},
	} {
		if got := strings.Join(differing(c.columns), ","); got != c.names {
			t.Errorf("%s: differ in %s, want %s", name, got, c.names)
		}
		text := (&collector{columns: c.columns}).several().Error()
		if strings.Contains(text, "\n") || len(text) > 600 {
			t.Errorf("%s: %d bytes %q, want a line of sensible length", name, len(text), text)
		}
	}
}

// TestFold checks each rule against its definition, on all kinds of numbers.
func TestFold(t *testing.T) {
	kinds := []float64{analysis.Missing(), math.NaN(), math.Inf(1), math.Inf(-1), 0, 1, -1, 2.5}
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.SampledFrom(kinds), 0, 6).Draw(t, "values")
		var have, numbers []float64
		sum := 0.0
		for _, v := range values {
			if analysis.IsMissing(v) {
				continue
			}
			have, sum = append(have, v), sum+v
			if !math.IsNaN(v) {
				numbers = append(numbers, v)
			}
		}
		want := map[analysis.Reduce]float64{
			analysis.ReduceSum: sum, analysis.ReduceMean: sum / float64(len(have)),
			analysis.ReduceMax: math.NaN(), analysis.ReduceMin: math.NaN(),
		}
		if len(numbers) > 0 {
			want[analysis.ReduceMax], want[analysis.ReduceMin] = slices.Max(numbers), slices.Min(numbers)
		}
		for reduce, w := range want {
			f := newFold(reduce, 1)
			for _, v := range have {
				f.add(0, v)
			}
			if len(have) == 0 {
				w = analysis.Missing()
			}
			got := f.values()[0]
			if analysis.IsMissing(got) != analysis.IsMissing(w) || got != w && !(math.IsNaN(got) && math.IsNaN(w)) {
				t.Fatalf("%s of %v is %v, want %v", reduce, values, got, w)
			}
			if f.any != (len(have) > 0) {
				t.Fatalf("%s of %v: any is %v", reduce, values, f.any)
			}
		}
	})
}

// TestWarnings keeps ten, each once, and infos none.
func TestWarnings(t *testing.T) {
	var list []string
	for i := range 30 {
		list = append(list, fmt.Sprintf(`"store %d is away"`, i/2))
	}
	c := settings("http://prom")
	c.BearerToken = config.NewSecret("sesame-token")
	list[0] = `"token sesame-token is old"`
	s := newSource(c, env(), wire(func(*http.Request) (*http.Response, error) {
		return says(200, `{"status":"success","warnings":[`+strings.Join(list, ",")+`],"infos":["metric might not be a counter"],`+two[len(`{"status":"success",`):]), nil
	}))
	q := minutes(2)
	q.Reduce = analysis.ReduceAll
	got, err := s.Fetch(context.Background(), q)
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, error %v", got, err)
	}
	w := got[0].Warnings
	if len(w) != maxWarnings || w[0] != "token <secret> is old" || w[1] != "store 0 is away" || w[2] != "store 1 is away" {
		t.Errorf("warnings %q", w)
	}
	if !maps.Equal(got[0].Labels, map[string]string{"job": "shop"}) {
		t.Errorf("labels %v", got[0].Labels)
	}
}
