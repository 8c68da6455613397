package prometheus

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

func TestRealVictoriaMetrics(t *testing.T) {
	c := victoria(t)
	s := opened(t, c)
	end := time.Now().Add(-10 * time.Minute).Truncate(time.Second)
	imported(t, c.URL, end, 90)
	last := analysis.Window{Start: end.Add(-3 * time.Second), End: end}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
	gone, inf := analysis.Missing(), math.Inf(1)
	for name, c := range map[string]struct {
		query  string
		reduce analysis.Reduce
		want   []float64 // three steps of a second; nil for an empty answer
		kind   analysis.Kind
		text   string
	}{
		"a value":         {query: `number`, want: []float64{87, 88, 89}},
		"share of errors": {query: `sum(rate(http_requests_total{version="1",code="500"}[10s])) / sum(rate(http_requests_total{version="1"}[10s]))`, want: []float64{0.1, 0.1, 0.1}},
		"a quantile":      {query: `histogram_quantile(0.5, sum by (le) (rate(seconds[10s])))`, want: []float64{0.0375, 0.0375, 0.0375}},
		"nothing":         {query: `rate(http_requests_total{version="3"}[10s])`},
		"0/0 is missing":  {query: `rate(idle_total[10s]) / rate(idle_total[10s])`},
		"1/0":             {query: `vector(1) / 0`, want: []float64{inf, inf, inf}},
		"-1/0":            {query: `vector(-1) / 0`, want: []float64{-inf, -inf, -inf}},
		"zero":            {query: `idle_total`, want: []float64{0, 0, 0}},
		"a gap":           {query: fmt.Sprintf(`vector(1) unless (vector(time()) == %d)`, end.Unix()-1), want: []float64{1, gone, 1}},
		"a scalar":        {query: `scalar(vector(7))`, want: []float64{7, 7, 7}},
		"the sum":         {query: `http_requests_total{version="1"}`, reduce: analysis.ReduceSum, want: []float64{870, 880, 890}},
		"a long query":    {query: `vector(4)` + strings.Repeat(` + vector(0)`, 300), want: []float64{4, 4, 4}},

		"does not parse": {query: `sum(rate(x[1m])`, kind: analysis.Invalid, text: `the query was refused: error when executing query="sum(rate(x[1m])"`},
		"does not match": {query: `http_requests_total * on(job) http_requests_total`, kind: analysis.Invalid, text: "the query was refused"},
		"several series": {query: `sum by (version) (http_requests_total)`, kind: analysis.Invalid, text: `they differ in version: {version="1"}, {version="2"}`},
		"an empty query": {query: ``, kind: analysis.Invalid, text: "the query was refused"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Fetch(t.Context(), analysis.Query{Text: c.query, Window: last, Step: time.Second, Reduce: c.reduce})
			switch {
			case c.kind != "":
				if analysis.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.text) {
					t.Errorf("error %v, want %s about %q", err, c.kind, c.text)
				}
			case err != nil:
				t.Error(err)
			case c.want == nil && len(got) != 0:
				t.Errorf("%d series, want none", len(got))
			case c.want != nil && (len(got) != 1 || !near(got[0].Values, c.want...)):
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	t.Run("all series", func(t *testing.T) { victoriaSeries(t, s, last) })
	t.Run("times", func(t *testing.T) { realTimes(t, s, end) })
	t.Run("quoted names", func(t *testing.T) { realNames(t, s, last) })
	t.Run("an interruption", func(t *testing.T) { victoriaGap(t, s, end) })
	t.Run("aligned", func(t *testing.T) { victoriaAligns(t, c, end) })
	t.Run("the newest samples", func(t *testing.T) { victoriaNewest(t, c) })
	t.Run("a cluster's path", func(t *testing.T) { victoriaPath(t, c) })
}

func victoriaSeries(t *testing.T, s *Source, w analysis.Window) {
	got, err := s.Fetch(t.Context(), analysis.Query{
		Text: `http_requests_total`, Window: w, Step: time.Second, Reduce: analysis.ReduceAll,
	})
	if err != nil || len(got) != 3 {
		t.Fatalf("%d series, error %v", len(got), err)
	}
	for i, want := range []map[string]string{
		{"version": "1", "code": "200"}, {"version": "2", "code": "200"}, {"version": "1", "code": "500"},
	} {
		l := got[i].Labels
		if l["__name__"] != "http_requests_total" || l["version"] != want["version"] || l["code"] != want["code"] || len(l) != 3 {
			t.Errorf("series %d has labels %v, want %v", i, l, want)
		}
	}
}

// victoriaGap pins what it makes of missing scrapes: like Prometheus it looks back, but
// only as long as scrapes are usually apart, and the rest stays missing.
func victoriaGap(t *testing.T, s *Source, end time.Time) {
	got, err := s.Fetch(t.Context(), analysis.Query{
		Text: `interrupted`, Step: time.Second, Window: analysis.Window{Start: end.Add(-90 * time.Second), End: end},
	})
	if err != nil || len(got) != 1 || len(got[0].Values) != 90 {
		t.Fatalf("%d series, error %v", len(got), err)
	}
	for i, v := range got[0].Values {
		scraped, old := i < 30 || i >= 60, i >= 30 && i < 40
		if scraped && v != float64(i) || !scraped && !analysis.IsMissing(v) && (!old || v != 29) {
			t.Errorf("step %d holds %v", i, v)
		}
	}
	if !analysis.IsMissing(got[0].Values[50]) {
		t.Error("the interruption cannot be seen")
	}
}

// victoriaAligns shows what nocache is for: without it, windows of 50 steps and more are
// moved to whole steps, and the source says so.
func victoriaAligns(t *testing.T, c *Config, end time.Time) {
	without := *c
	without.Params = nil
	for _, n := range []int{49, 50, 12000} {
		start := end.Add(7*time.Second + 250*time.Millisecond - time.Duration(n)*10*time.Second)
		q := analysis.Query{
			Text: "vector(time())", Step: 10 * time.Second,
			Window: analysis.Window{Start: start, End: start.Add(time.Duration(n) * 10 * time.Second)},
		}
		for settings, warns := range map[*Config]bool{c: false, &without: n >= 50} {
			got, err := opened(t, settings).Fetch(t.Context(), q)
			if err != nil || len(got) != 1 || len(got[0].Warnings) > 0 != warns {
				t.Errorf("%d steps, params %v: %v, warnings %v", n, settings.Params, err, got[0].Warnings)
			}
		}
	}
}

// victoriaNewest shows why the delay has to be longer than its -search.latencyOffset of
// 30 s: at steps below a minute, what is newer repeats the value before.
func victoriaNewest(t *testing.T, c *Config) {
	now := time.Now().Truncate(time.Second)
	var text strings.Builder
	for i := range 120 {
		fmt.Fprintf(&text, "newest %d %d\n", i, now.Add(time.Duration(i-119)*time.Second).UnixMilli())
	}
	post(t, c.URL+"/api/v1/import/prometheus", text.String())
	post(t, c.URL+"/internal/force_flush", "")
	minutes, err := opened(t, c).Fetch(t.Context(), analysis.Query{
		Text: "newest", Step: time.Minute, Window: analysis.Window{Start: now.Add(-2 * time.Minute), End: now},
	})
	if err != nil || len(minutes) != 1 || !near(minutes[0].Values, 59, 119) {
		t.Errorf("by minutes: %v, error %v", minutes, err)
	}
	got, err := opened(t, c).Fetch(t.Context(), analysis.Query{
		Text: "newest", Step: time.Second, Window: analysis.Window{Start: now.Add(-100 * time.Second), End: now},
	})
	if err != nil || len(got) != 1 {
		t.Fatalf("%d series, error %v", len(got), err)
	}
	v := got[0].Values
	for i := range 40 { // up to a minute ago
		if v[i] != float64(i+20) {
			t.Errorf("a minute ago and more, step %d holds %v, want %d", i, v[i], i+20)
		}
	}
	if v[99] == 119 || v[99] != v[98] {
		t.Errorf("the newest values are %v: they are good now, and the delay may be shorter", v[90:])
	}
}

// victoriaPath asks below the path that single nodes take as well, as clusters have one.
func victoriaPath(t *testing.T, c *Config) {
	below := *c
	below.URL += "/prometheus"
	if err := opened(t, &below).Check(t.Context()); err != nil {
		t.Error(err)
	}
	below.URL = c.URL + "/select/0/prometheus" // there is no cluster here
	if err := opened(t, &below).Check(t.Context()); analysis.KindOf(err) != analysis.Invalid {
		t.Errorf("error %v, want an invalid one", err)
	}
}
