package judge

import (
	"math"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/stats"
)

// mostHistory is how many values of earlier runs are pooled: the newest. More would
// not be trusted, and noise changes with time.
const mostHistory = 1000

// Learn says what the noise of a good run was, for the runs to come: one Noise for
// each gauge and segment that has enough samples on both sides, of as many segments as
// a metric may have. Pairs are those of the whole run, as Judge had them at its end.
//
// It is for the caller to give it good runs only: those that passed. Ratios and
// counts have none yet: their chance is that of counting, and how far it is
// exceeded is estimated within the run. Baselines of the time before the run are
// no observation of the noise between two versions and teach nothing.
func Learn(plan *analysis.Plan, pairs []analysis.Pair) []analysis.Noise {
	if plan.Baseline.Kind == analysis.BaselineBefore {
		return nil
	}
	var all []analysis.Noise
	work := workspaces.Get().(*workspace)
	defer workspaces.Put(work)
	c := circumstancesOf(plan)
	learnt := map[string]int{}
	for i := range pairs {
		p := &pairs[i]
		m, ok := plan.Metric(p.Metric)
		if !ok || m.Threshold != nil || m.Kind.HasTotal() || learnt[m.Name] == max(1, m.Segments()) {
			continue
		}
		w := &work.gauge
		w.read(&m, p, &c)
		if len(w.y) < stats.LevelMin {
			continue
		}
		learnt[m.Name]++
		n := w.whole.Learn(w.y, w.options(&m))
		all = append(all, analysis.Noise{
			Metric: p.Metric, Segment: p.Segment, Kind: analysis.Gauge, Scale: w.noiseScale(),
			Spacing: analysis.Duration(w.spacing(p, &c)), Runs: 1, Samples: n.Samples,
			Mean: n.Mean, SD: n.SD, Correlations: n.Correlations,
		})
	}
	return all
}

// Pool puts together what several runs taught, oldest first: one Noise for each
// metric and segment, of the newest runs, up to about a thousand values. A run whose
// values were made differently from the newest one's (another step, another scale)
// is left out. Segments come and go; of a metric the newest are kept, as many as one of
// the runs had, or analysis.DefaultMaxSegments.
func Pool(runs ...[]analysis.Noise) []analysis.Noise {
	var all []analysis.Noise
	most, kept := mostSegments(runs), map[string]int{}
	for i := len(runs) - 1; i >= 0; i-- {
		for _, n := range runs[i] {
			k := 0
			for k < len(all) && (all[k].Metric != n.Metric || all[k].Segment != n.Segment) {
				k++
			}
			switch {
			case !usableNoise(&n):
			case k == len(all) && kept[n.Metric] < most[n.Metric]:
				all = append(all, n)
				kept[n.Metric]++
			case k == len(all):
			case all[k].Kind == n.Kind && all[k].Scale == n.Scale && all[k].Spacing == n.Spacing && all[k].Samples < mostHistory:
				all[k] = poolTwo(&all[k], &n)
			}
		}
	}
	return all
}

// mostSegments is how many segments of a metric are kept.
func mostSegments(runs [][]analysis.Noise) map[string]int {
	most := map[string]int{}
	for _, run := range runs {
		count := map[string]int{}
		for i := range run {
			name := run[i].Metric
			count[name]++
			most[name] = max(most[name], count[name], analysis.DefaultMaxSegments)
		}
	}
	return most
}

// poolTwo joins two by their sums of products: what the means differ by becomes part
// of the noise, as correlation that does not fade.
func poolTwo(a, b *analysis.Noise) analysis.Noise {
	wa := float64(a.Samples) / float64(a.Samples+b.Samples)
	wb := 1 - wa
	both := *a
	both.Runs, both.Samples = a.Runs+b.Runs, a.Samples+b.Samples
	both.Mean = wa*a.Mean + wb*b.Mean
	square := both.Mean * both.Mean
	variance := wa*(a.SD*a.SD+a.Mean*a.Mean) + wb*(b.SD*b.SD+b.Mean*b.Mean) - square
	both.SD = math.Sqrt(max(0, variance))
	both.Correlations = nil
	if both.SD == 0 {
		return both
	}
	for k := range max(len(a.Correlations), len(b.Correlations)) {
		r := wa*(lag(a, k)*a.SD*a.SD+a.Mean*a.Mean) + wb*(lag(b, k)*b.SD*b.SD+b.Mean*b.Mean) - square
		both.Correlations = append(both.Correlations, r/variance)
	}
	return both
}

func lag(n *analysis.Noise, k int) float64 {
	if k >= len(n.Correlations) {
		return 0
	}
	return n.Correlations[k]
}

// usableNoise refuses what no run can have taught.
func usableNoise(n *analysis.Noise) bool {
	if n.Samples < 1 || n.Runs < 1 || n.Samples > 1e9 || !analysis.IsFinite(n.Mean) || !(n.SD >= 0) || math.IsInf(n.SD, 1) {
		return false
	}
	for _, r := range n.Correlations {
		if !(math.Abs(r) <= 2) { // a little beyond 1 happens: short runs, large means
			return false
		}
	}
	return true
}

// Remember puts into every pair what is known of its noise.
func Remember(pairs []analysis.Pair, known []analysis.Noise) {
	for i := range pairs {
		for k := range known {
			if known[k].Metric == pairs[i].Metric && known[k].Segment == pairs[i].Segment {
				pairs[i].Noise = &known[k]
				break
			}
		}
	}
}

// noiseScale names the scale of the differences.
func (d *differences) noiseScale() analysis.NoiseScale {
	if d.log {
		return analysis.NoiseLog
	}
	return analysis.NoiseLinear
}

// spacing is the time between two differences.
func (d *differences) spacing(p *analysis.Pair, c *circumstances) time.Duration {
	step := p.Step
	if step <= 0 {
		step = c.step
	}
	return time.Duration(d.every) * step
}

// options are those of stats.Level that follow from the metric.
func (d *differences) options(m *analysis.Metric) stats.LevelOptions {
	above, below := d.limits(m.Tolerance)
	return stats.LevelOptions{Above: above, Below: below, FreeScale: !d.log, Down: m.Direction == analysis.Decrease}
}

// recall takes over what is known of the noise of these differences, and returns how
// many samples that is worth: nothing when it is about other ones.
func (w *gaugeWork) recall(p *analysis.Pair, c *circumstances) (samples int) {
	n := p.Noise
	w.known = nil
	if n == nil || !usableNoise(n) || !(n.SD > 0) || n.Samples < stats.LevelMin || n.Kind != analysis.Gauge ||
		n.Scale != w.noiseScale() || n.Spacing.Std() != w.spacing(p, c) || !c.together {
		return 0
	}
	w.noise = stats.LevelNoise{Samples: n.Samples, Mean: n.Mean, SD: n.SD, Correlations: n.Correlations}
	w.known = &w.noise
	return n.Samples * w.every
}
