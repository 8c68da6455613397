package sourcetest

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

func seriesCases() []exercise {
	return []exercise{
		{name: "labels", run: labelsCase},
		{name: "several series", run: severalSeries},
		{name: "reduce", run: reduceCase},
		{name: "reduce something else", run: func(s *stand) {
			s.has(Answer{Series: pods(3)})
			q := s.query(2, time.Minute)
			q.Reduce = "median"
			if _, err := s.fetch(s.ctx, q); analysis.KindOf(err) != analysis.Invalid {
				s.Errorf("error %v, want an invalid one", err)
			}
		}},
		{name: "all series", run: allSeries},
		{name: "warnings", run: warningsCase},
		{name: "a warning instead of samples", run: warningInstead},
	}
}

// pods are n series of two steps that differ in one label.
func pods(n int) []analysis.Series {
	var all []analysis.Series
	for i := range n {
		name := string(rune('a' + (i*5)%n)) // not in order
		all = append(all, series(time.Minute, map[string]string{"pod": "pod-" + name, "app": "shop"}, float64(i), 10))
	}
	return all
}

func labelsCase(s *stand) {
	want := map[string]string{"pod": "a", "region": `eu "west" \ ünï`}
	s.has(Answer{Series: []analysis.Series{series(time.Minute, want, 1, 2)}})
	got, err := s.fetch(s.ctx, s.query(2, time.Minute))
	if err != nil || len(got) != 1 {
		s.Fatalf("%d series, error %v", len(got), err)
	}
	if want = s.labels(want); !maps.Equal(got[0].Labels, want) {
		s.Errorf("labels %v, want %v", got[0].Labels, want)
	}
}

// labels returns what the source should make of labels.
func (s *stand) labels(given map[string]string) map[string]string {
	if s.vendor.Labels == nil {
		return given
	}
	return s.vendor.Labels(maps.Clone(given))
}

// severalSeries wants an error that names what differs, with a few examples.
func severalSeries(s *stand) {
	for n, examples := range map[int]int{2: 2, 9: 5} {
		s.has(Answer{Series: pods(n)})
		_, err := s.fetch(s.ctx, s.query(2, time.Minute))
		if analysis.KindOf(err) != analysis.Invalid {
			s.Fatalf("%d series: error %v, want an invalid one", n, err)
		}
		text := err.Error()
		if !strings.Contains(text, "pod") || strings.Contains(text, "shop") {
			s.Errorf("error %q: want the label that differs, not those that are the same", text)
		}
		if got := strings.Count(text, "pod-"); got != examples {
			s.Errorf("error %q: %d examples of %d series, want %d", text, got, n, examples)
		}
		if s.server != nil && s.count() != 1 {
			s.Errorf("%d requests, want 1", s.count())
		}
	}
}

// reduceCase wants one series of several, step by step over those that have a
// sample there.
func reduceCase(s *stand) {
	gone, nan, inf := analysis.Missing(), math.NaN(), math.Inf(1)
	all := []analysis.Series{
		series(time.Minute, map[string]string{"pod": "a"}, 1, gone, gone, 4, -1),
		series(time.Minute, map[string]string{"pod": "b"}, 2, 5, gone, gone, -2),
		series(time.Minute, map[string]string{"pod": "c"}, 6, 0, gone, gone, -6),
	}
	wild := []analysis.Series{
		series(time.Minute, map[string]string{"pod": "a"}, nan, nan, inf, inf, gone),
		series(time.Minute, map[string]string{"pod": "b"}, 2, nan, 1, -inf, nan),
	}
	if s.vendor.Without["NaN and the infinities"] != "" {
		wild = nil
	}
	for reduce, want := range map[analysis.Reduce][2]analysis.Values{
		analysis.ReduceSum:  {{9, 5, gone, 4, -9}, {nan, nan, inf, nan, nan}},
		analysis.ReduceMean: {{3, 2.5, gone, 4, -3}, {nan, nan, inf, nan, nan}},
		analysis.ReduceMax:  {{6, 5, gone, 4, -1}, {2, nan, inf, inf, nan}},
		analysis.ReduceMin:  {{1, 0, gone, 4, -6}, {2, nan, 1, -inf, nan}},
	} {
		for i, given := range [][]analysis.Series{all, wild} {
			if given == nil {
				continue
			}
			s.has(Answer{Series: given})
			q := s.query(5, time.Minute)
			q.Reduce = reduce
			got, err := s.fetch(s.ctx, q)
			if err != nil || len(got) != 1 {
				s.Fatalf("%s: %d series, error %v", reduce, len(got), err)
			}
			s.same(got[0].Values, want[i])
		}
	}
}

// allSeries wants every series, sorted by its labels.
func allSeries(s *stand) {
	given := pods(7)
	s.has(Answer{Series: given})
	q := s.query(2, time.Minute)
	q.Reduce = analysis.ReduceAll
	got, err := s.fetch(s.ctx, q)
	if err != nil || len(got) != len(given) {
		s.Fatalf("%d series, error %v, want %d", len(got), err, len(given))
	}
	sorted := slices.IsSortedFunc(got, func(a, b analysis.Series) int {
		return strings.Compare(a.Labels["pod"], b.Labels["pod"])
	})
	if !sorted {
		s.Error("series are not sorted by labels")
	}
	for _, one := range got {
		i := slices.IndexFunc(given, func(g analysis.Series) bool { return maps.Equal(s.labels(g.Labels), one.Labels) })
		if i < 0 {
			s.Fatalf("labels %v were not given", one.Labels)
		}
		s.same(one.Values, given[i].Values)
	}
}

// warningsCase wants what the server said about its answer, once each, on one line
// and not for ever.
func warningsCase(s *stand) {
	long := strings.Repeat("store-7 did not answer\n", 100)
	given := []string{"partial answer", long, "partial answer", "tenant " + s.setup.Token + " is " + s.setup.Secret}
	s.has(Answer{Series: []analysis.Series{series(time.Minute, nil, 1, 2)}, Warnings: given})
	got, err := s.fetch(s.ctx, s.query(2, time.Minute))
	if err != nil || len(got) != 1 {
		s.Fatalf("%d series, error %v", len(got), err)
	}
	w := got[0].Warnings
	if len(w) != 3 || w[0] != "partial answer" || !strings.HasPrefix(w[1], "store-7 did not answer") {
		s.Errorf("warnings %q, want each once", w)
	}
	for _, text := range w {
		if len(text) > 500 || strings.Contains(text, "\n") {
			s.Errorf("warning of %d bytes: want a short line", len(text))
		}
	}
}

// warningInstead wants an empty answer with a warning to look different from
// silence.
func warningInstead(s *stand) {
	s.has(Answer{Warnings: []string{"partial answer"}})
	for _, reduce := range []analysis.Reduce{analysis.ReduceNone, analysis.ReduceSum, analysis.ReduceAll} {
		q := s.query(3, time.Minute)
		q.Reduce = reduce
		got, err := s.fetch(s.ctx, q)
		if err != nil || len(got) != 1 {
			s.Fatalf("%d series, error %v, want one that carries the warning", len(got), err)
		}
		if !slices.Equal(got[0].Warnings, []string{"partial answer"}) {
			s.Errorf("warnings %q", got[0].Warnings)
		}
		gone := analysis.Missing()
		s.same(got[0].Values, analysis.Values{gone, gone, gone})
	}
}
