package chart

import (
	"math"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

func TestNoLineCrossesAGap(t *testing.T) {
	miss, nan, inf := analysis.Missing(), math.NaN(), math.Inf(1)
	for name, c := range map[string]struct {
		kind           analysis.MetricKind
		values, totals analysis.Values
		want           [][]float64
	}{
		"whole":            {analysis.Gauge, analysis.Values{1, 2, 3}, nil, [][]float64{{1, 2, 3}}},
		"a gap":            {analysis.Gauge, analysis.Values{1, miss, 3, 4}, nil, [][]float64{{1}, {3, 4}}},
		"at both ends":     {analysis.Gauge, analysis.Values{miss, 2, 3, miss}, nil, [][]float64{{2, 3}}},
		"no numbers":       {analysis.Gauge, analysis.Values{1, nan, 2, inf, 3, -inf, 4}, nil, [][]float64{{1}, {2}, {3}, {4}}},
		"beyond all sense": {analysis.Gauge, analysis.Values{1, 1e301, 3}, nil, [][]float64{{1}, {3}}},
		"zero is a sample": {analysis.Gauge, analysis.Values{0, 0}, nil, [][]float64{{0, 0}}},
		"nothing":          {analysis.Gauge, analysis.Values{miss, nan}, nil, nil},
		"shares":           {analysis.Ratio, analysis.Values{1, 0, 3}, analysis.Values{10, 10, 10}, [][]float64{{0.1, 0, 0.3}}},
		"no events":        {analysis.Ratio, analysis.Values{1, 0, 3}, analysis.Values{10, 0, 10}, [][]float64{{0.1}, {0.3}}},
		"no total":         {analysis.Ratio, analysis.Values{1, 0, 3}, analysis.Values{10, miss, 10}, [][]float64{{0.1}, {0.3}}},
		"negative total":   {analysis.Ratio, analysis.Values{1, 2}, analysis.Values{-10, 10}, [][]float64{{0.2}}},
		"bad events only":  {analysis.Ratio, analysis.Values{1, 2, 3}, analysis.Values{10}, [][]float64{{0.1}}},
		"no totals at all": {analysis.Ratio, analysis.Values{1, 2, 3}, nil, nil},
		"a tiny total":     {analysis.Ratio, analysis.Values{1e200, 1}, analysis.Values{1e-200, 4}, [][]float64{{0.25}}},
		"exposure":         {analysis.Count, analysis.Values{3, 5}, analysis.Values{2, 2}, [][]float64{{1.5, 2.5}}},
	} {
		t.Run(name, func(t *testing.T) {
			l := trace(c.kind, &analysis.Samples{Values: c.values, Totals: c.totals}, grid{first: 60, step: 60, per: 1})
			if len(l.strokes) != len(c.want) {
				t.Fatalf("%d stretches, want %d: %v", len(l.strokes), len(c.want), l.strokes)
			}
			n := 0
			for i, s := range l.strokes {
				for j, p := range s {
					n++
					if len(s) != len(c.want[i]) || math.Abs(p.v-c.want[i][j]) > 1e-12 || p.lo != p.v || p.hi != p.v {
						t.Errorf("stretch %d is %v, want %v", i, s, c.want[i])
					}
				}
			}
			if l.samples != n {
				t.Errorf("%d samples, want %d", l.samples, n)
			}
		})
	}
}

func TestPointsLieAtTheEndOfTheirStep(t *testing.T) {
	g := gridOf(began, began.Add(time.Minute), 30*time.Second, 1)
	l := trace(analysis.Gauge, &analysis.Samples{Values: analysis.Values{analysis.Missing(), 7}}, g)
	if got := l.strokes[0][0].t; got != 120 {
		t.Errorf("the second sample, of (90 s, 120 s], is at %g", got)
	}
}

func TestManySamplesShareAPoint(t *testing.T) {
	if perPoint(360) != 1 || perPoint(361) != 2 || perPoint(3600) != 10 || perPoint(0) != 1 {
		t.Error("points of the wrong size")
	}
	bad, total := make(analysis.Values, 40), make(analysis.Values, 40)
	for i := range bad {
		bad[i], total[i] = 1, 100
	}
	bad[3], total[3] = 50, 1000 // busier than all others
	gap(&analysis.Samples{Values: bad, Totals: total}, 12, 25)
	l := trace(analysis.Ratio, &analysis.Samples{Values: bad, Totals: total}, grid{first: 1, step: 1, per: 10})
	if len(l.strokes) != 2 || len(l.strokes[0]) != 2 || len(l.strokes[1]) != 2 || l.samples != 27 {
		t.Fatalf("%d samples in %v", l.samples, l.strokes)
	}
	p := l.strokes[0][0]
	if want := 59.0 / 1900; math.Abs(p.v-want) > 1e-12 { // of all events, not the mean of shares
		t.Errorf("the share is %g, want %g", p.v, want)
	}
	if p.lo != 0.01 || p.hi != 0.05 || p.t != 5.5 {
		t.Errorf("the point is %+v", p)
	}
	if p := l.strokes[0][1]; p.t != 11.5 { // of the two samples that are there
		t.Errorf("the point before the gap is %+v", p)
	}
}

func TestManyLargeSamplesDoNotOverflow(t *testing.T) {
	s := analysis.Samples{Values: make(analysis.Values, 5000)}
	for i := range s.Values {
		s.Values[i] = far
	}
	l := trace(analysis.Gauge, &s, grid{step: 1, per: perPoint(5000)})
	l.each(func(p point) {
		if p.v != far {
			t.Fatalf("the mean of equal values is %g", p.v)
		}
	})
}

func TestLongRunsStayReadable(t *testing.T) {
	m := newRun(analysis.Gauge, 3600)
	gap(&m.pair.Canary, 1000, 1200)
	m.pair.Canary.Values[2000] = 1.5 // a spike among a thousand others
	v := svg(t, m.picture())
	lines, shades := v.lines(canaryColor, false), v.areas(canaryColor)
	if len(lines) != 2 || len(shades) != 2 || len(lines[0].points)+len(lines[1].points) > maxPoints {
		t.Fatalf("%d lines, %d shades", len(lines), len(shades))
	}
	top := func(p path) (y float64) {
		for _, at := range p.points {
			y = max(y, at[1])
		}
		return y
	}
	if top(shades[1]) < top(shades[0])+50 {
		t.Error("the spike cannot be seen")
	}
	if !v.says("points: mean of 10 samples, one each 1m; shade: their range") {
		t.Error("nobody is told what a point is")
	}
	if n := v.dots(canaryColor); n > 0 {
		t.Errorf("%d dots", n)
	}
}
