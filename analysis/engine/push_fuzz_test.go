package engine

import (
	"math"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// FuzzReceive pushes any samples into any run, and cuts its window anywhere. No event is
// lost or counted twice: what lies in a step of the window is its sum, or its mean; what
// lies before the first step or behind the last counts for those; and a step of which
// nothing was pushed is missing.
func FuzzReceive(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 60, 2, 0, 61, 3, 7, 8, 4, 255, 255, 5}, int64(1_772_593_517), uint16(59), uint16(90), uint8(255))
	f.Add([]byte{0, 0, 1}, int64(0), uint16(0), uint16(0), uint8(0))
	f.Add([]byte{0, 1, 200, 0, 1, 0, 9, 9, 9}, int64(1)<<31, uint16(299), uint16(1), uint8(3))
	f.Fuzz(func(t *testing.T, raw []byte, start int64, step, warmup uint16, cut uint8) {
		length := time.Duration(1+step%300) * time.Second
		r := &analysis.Run{StartedAt: time.Unix(start&(1<<32-1), 0).UTC(), Snapshot: analysis.Plan{
			Step: analysis.Duration(length), Warmup: analysis.Duration(time.Duration(warmup%600) * time.Second),
		}}
		r.EndsAt = r.StartedAt.Add(30 * length)
		judged, whole := r.StartedAt.Add(r.Snapshot.Warmup.Std()), r.Whole()
		w := whole
		w.End = w.Start.Add(time.Duration(min(int(cut), whole.Steps(length))) * length)

		var samples []analysis.PushedSample
		for ; len(raw) >= 3; raw = raw[3:] {
			samples = append(samples, analysis.PushedSample{
				Metric: "m", Side: analysis.SideCanary, Value: float64(raw[2]),
				Time: r.StartedAt.Add(time.Duration(int(raw[0])<<8+int(raw[1])) * 100 * time.Millisecond),
			})
		}
		for _, kind := range []analysis.MetricKind{analysis.Count, analysis.Gauge} {
			p := &part{metric: &analysis.Metric{Name: "m", Kind: kind}, side: analysis.SideCanary, samples: map[string]analysis.Values{}}
			p.receive(r, w, samples)
			values := padded(p.samples[""], p.steps)
			if len(values) != w.Steps(length) {
				t.Fatalf("%d values in %d steps", len(values), w.Steps(length))
			}
			for i, got := range values {
				from, to := whole.Start.Add(time.Duration(i)*length), whole.Start.Add(time.Duration(i+1)*length)
				sum, n := 0.0, 0.0
				for _, s := range samples {
					early, late := i == 0 && !s.Time.After(from), i == whole.Steps(length)-1 && s.Time.After(to)
					if !s.Time.Before(judged) && (early || late || s.Time.After(from) && !s.Time.After(to)) {
						sum, n = sum+s.Value, n+1
					}
				}
				want := sum
				if kind == analysis.Gauge {
					want /= n
				}
				if analysis.IsMissing(got) != (n == 0) || n > 0 && !(math.Abs(got-want) <= 1e-9*want) {
					t.Fatalf("%s: step %d is %v, want %v of %v samples", kind, i, got, want, n)
				}
			}
		}
	})
}
