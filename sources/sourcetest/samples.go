package sourcetest

import (
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// origin is where windows start: not on a whole minute nor second.
func origin() time.Time { return time.Date(2024, 5, 1, 12, 0, 7, 250e6, time.UTC) }

// start is where windows of a step start for this vendor.
func (s *stand) start(step time.Duration) time.Time {
	at := origin()
	if !s.vendor.Aligned || step <= 0 {
		return at
	}
	return at.Add(-time.Duration(at.UnixNano() % int64(step)))
}

// placed gives an answer's series the start that windows have for this vendor.
func (s *stand) placed(a Answer) Answer {
	a.Series = slices.Clone(a.Series)
	for i := range a.Series {
		a.Series[i].Start = s.start(a.Series[i].Step)
	}
	return a
}

// query asks for n steps from the start.
func (s *stand) query(n int, step time.Duration) analysis.Query {
	start := s.start(step)
	return analysis.Query{
		Text: s.vendor.Query, Step: step,
		Window: analysis.Window{Start: start, End: start.Add(time.Duration(n) * step)},
	}
}

// series are values a step apart; where they start depends on the vendor.
func series(step time.Duration, labels map[string]string, values ...float64) analysis.Series {
	return analysis.Series{Labels: labels, Step: step, Values: values}
}

// one gives the server one series, asks for all of it, and wants it back.
func (s *stand) one(step time.Duration, a Answer, want ...float64) {
	a.Series = []analysis.Series{series(step, nil, want...)}
	s.has(a)
	got, err := s.fetch(s.ctx, s.query(len(want), step))
	if err != nil {
		s.Fatalf("error %v", err)
	}
	if len(got) != 1 {
		s.Fatalf("%d series, want 1", len(got))
	}
	s.same(got[0].Values, want)
	nulls := 0
	for _, v := range want {
		if (a.Nulls || s.vendor.Nulls) && analysis.IsMissing(v) {
			nulls++
		}
	}
	if got[0].Nulls != nulls {
		s.Errorf("%d nulls counted, want %d", got[0].Nulls, nulls)
	}
}

// same wants values that are equal; missing and NaN are not.
func (s *stand) same(got, want analysis.Values) {
	s.Helper()
	if len(got) != len(want) {
		s.Errorf("%d values, want %d", len(got), len(want))
		return
	}
	for i := range want {
		g, w := got[i], want[i]
		missing := analysis.IsMissing(g) == analysis.IsMissing(w)
		if !missing || g != w && !(math.IsNaN(g) && math.IsNaN(w)) {
			s.Errorf("value %d is %s, want %s; all: %s", i, show(g), show(w), show(got...))
			return
		}
	}
}

// show prints values as the house writes them in JSON.
func show(values ...float64) string {
	b, _ := analysis.Values(values).MarshalJSON()
	if len(values) == 1 {
		b = b[1 : len(b)-1]
	}
	return string(b[:min(len(b), 300)])
}

func sampleCases() []exercise {
	gone, nan, inf := analysis.Missing(), math.NaN(), math.Inf(1)
	return []exercise{
		{name: "a window", run: func(s *stand) { s.one(time.Minute, Answer{}, 1, 2, 3, 4, 5) }},
		{name: "one step", run: func(s *stand) { s.one(time.Minute, Answer{}, 42) }},
		{name: "part of what is there", run: partOfWhatIsThere},
		{name: "zero is zero", run: func(s *stand) { s.one(time.Minute, Answer{}, 0, 0, 0) }},
		{name: "exact numbers", run: func(s *stand) {
			s.one(time.Minute, Answer{}, 0.1, -1.0/3, 1e-300, 5e-324, math.MaxFloat64, 1<<53+2, -0.000123456789012345)
		}},
		{name: "gaps stay gaps", run: func(s *stand) { s.one(time.Minute, Answer{}, gone, 1, gone, gone, 0, 2, gone) }},
		{name: "nulls are not zero", run: func(s *stand) { s.one(time.Minute, Answer{Nulls: true}, 1, gone, 0, gone) }},
		{name: "NaN and the infinities", run: func(s *stand) { s.one(time.Minute, Answer{}, nan, gone, inf, -inf, 0, nan) }},
		{name: "steps below a second", run: func(s *stand) { s.one(100*time.Millisecond, Answer{}, 1, 2, gone, 4, 5, 6, 7, 8, 9, 10) }},
		{name: "a step of odd length", run: func(s *stand) { s.one(1001*time.Millisecond, Answer{}, 1, 2, 3, 4, 5, 6, 7) }},
		{name: "a long window", setup: roomy, run: aLongWindow},
		{name: "nothing at all", run: func(s *stand) { s.empty(Answer{}) }},
		{name: "a series without samples", run: func(s *stand) {
			s.empty(Answer{Series: []analysis.Series{series(time.Minute, nil, gone, gone, gone)}})
		}},
		{name: "a series of nulls", run: func(s *stand) {
			s.empty(Answer{Nulls: true, Series: []analysis.Series{series(time.Minute, nil, gone, gone, gone)}})
		}},
		{name: "unknown fields", run: func(s *stand) { s.one(time.Minute, Answer{Unknown: true}, 1, gone, 3) }},
		{name: "impossible windows", run: impossibleWindows},
	}
}

func roomy(s *Setup) { s.MaxResponse = 16 << 20 }

// partOfWhatIsThere wants the samples of a window and none of those beside it.
func partOfWhatIsThere(s *stand) {
	s.has(Answer{Series: []analysis.Series{series(time.Minute, nil, 1, 2, 3, 4, 5, 6)}})
	for from := range 6 {
		for to := from + 1; to <= 6; to++ {
			q := s.query(6, time.Minute)
			q.Window = analysis.Window{
				Start: q.Window.Start.Add(time.Duration(from) * time.Minute),
				End:   q.Window.Start.Add(time.Duration(to) * time.Minute),
			}
			got, err := s.fetch(s.ctx, q)
			if err != nil || len(got) != 1 {
				s.Fatalf("%d series, error %v", len(got), err)
			}
			s.same(got[0].Values, analysis.Values{1, 2, 3, 4, 5, 6}[from:to])
		}
	}
}

// aLongWindow has more steps than servers answer at once.
func aLongWindow(s *stand) {
	values := make([]float64, 25_000)
	for i := range values {
		values[i] = float64(i)
		if i%10_999 == 0 {
			values[i] = analysis.Missing()
		}
	}
	s.one(time.Second, Answer{}, values...)
}

// empty wants an answer without a single number, and no error.
func (s *stand) empty(a Answer) {
	s.has(a)
	got, err := s.fetch(s.ctx, s.query(3, time.Minute))
	if err != nil {
		s.Fatalf("error %v: having no data is none", err)
	}
	for _, one := range got {
		for i, v := range one.Values {
			if !analysis.IsMissing(v) {
				s.Errorf("value %d is %s, want none", i, show(v))
			}
		}
	}
}

// impossibleWindows are the caller's mistake, and nobody is asked.
func impossibleWindows(s *stand) {
	if s.server != nil {
		s.replies(func(_ int, w http.ResponseWriter, r *http.Request) {
			s.Error("the server was asked")
			http.Error(w, "", http.StatusInternalServerError)
		})
	}
	whole := s.query(3, time.Minute)
	backwards, noStep, negative, short := whole, whole, whole, whole
	backwards.Window.Start, backwards.Window.End = whole.Window.End, whole.Window.Start
	noStep.Step, negative.Step, short.Step = 0, -time.Minute, time.Hour
	for name, q := range map[string]analysis.Query{
		"backwards": backwards, "no step": noStep, "a negative step": negative, "shorter than a step": short,
	} {
		if _, err := s.fetch(s.ctx, q); analysis.KindOf(err) != analysis.Invalid {
			s.Errorf("%s: error %v, want an invalid one", name, err)
		}
	}
}
