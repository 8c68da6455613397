package graphite

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/answer"
)

// farther lists how long before a window samples are asked for, while the answers do not
// tell how long their buckets are.
func farther() []time.Duration {
	return []time.Duration{15 * time.Minute, 2 * time.Hour, 48 * time.Hour}
}

// further returns how long before a window samples must be asked for after an answer has
// shown that tried was too short, because a bucket that ends in the window may begin
// before it; 0 when it was enough. It is no longer than it has to be: Graphite answers
// from coarser buckets when a span begins earlier.
func further(list []rendered, tried time.Duration) time.Duration {
	for _, r := range list {
		if r.bucket() > 0 || len(r.Points) == 0 {
			continue
		}
		for _, f := range farther() {
			if f > tried {
				return f
			}
		}
	}
	if longest(list) > tried {
		return twoBuckets(list)
	}
	return 0
}

// twoBuckets is a reach from which at least two buckets of each series can be seen.
func twoBuckets(list []rendered) time.Duration { return 2 * longest(list) }

func longest(list []rendered) time.Duration {
	longest := time.Duration(0)
	for _, r := range list {
		longest = max(longest, r.bucket())
	}
	return longest
}

// ask returns the span that holds all buckets of a window, if none is longer than
// reach.
func ask(w analysis.Window, reach time.Duration) span {
	return span{from: w.Start.Add(-reach).Unix() - 1, until: w.End.Unix() - 1}
}

// bucket returns how long the buckets of a series are: as far apart as its points. It
// is 0 when that cannot be told.
func (r *rendered) bucket() time.Duration {
	shortest := int64(0)
	for i := 1; i < len(r.Points); i++ {
		if d := r.Points[i].label - r.Points[i-1].label; shortest == 0 || d < shortest {
			shortest = d
		}
	}
	return time.Duration(max(shortest, 0)) * time.Second
}

// place puts the series of an answer onto the grid of a query.
func (s *Source) place(got *answer.Collector, step time.Duration, list []rendered, asked span) error {
	seen := map[string]bool{}
	for _, r := range list {
		labels := r.labels()
		name := answer.Key(labels)
		if seen[name] {
			return s.invalid("two series of the answer are both called %s", s.web.Clean(*r.Target, 100)).
				WithHint("aliases that tell them apart, or an aggregation such as sumSeries")
		}
		seen[name] = true
		samples, err := s.samples(&r, asked)
		if err != nil {
			return err
		}
		b := r.bucket()
		got.Rollup(b)
		if b > 0 && b < step && step%b != 0 && s.consolidate == answer.ConsolidateSum {
			got.Warn(fmt.Sprintf("steps of %s do not hold whole buckets of %s: some sums have one more than others",
				analysis.Duration(step), analysis.Duration(b)))
		}
		if err := got.Add(labels, got.Consolidated(samples, s.consolidate)); err != nil {
			return err
		}
	}
	return nil
}

// samples gives each bucket the moment at which it ends. What is labelled with a time
// before the span is the work of a function that had only some of that bucket's samples.
func (s *Source) samples(r *rendered, asked span) ([]answer.Sample, error) {
	for i := 1; i < len(r.Points); i++ {
		if r.Points[i].label <= r.Points[i-1].label {
			return nil, s.web.Strange("its samples are not in order of time")
		}
	}
	b := r.bucket()
	if b == 0 && len(r.Points) > 0 {
		return nil, s.invalid("series %s has one sample only: how long its buckets are cannot be told", s.web.Clean(*r.Target, 100)).
			WithHint("a finer retention, or a shorter interval in summarize")
	}
	out := make([]answer.Sample, 0, len(r.Points))
	for _, p := range r.Points {
		if p.label > asked.from && p.label <= asked.until {
			out = append(out, answer.Sample{At: time.Unix(p.label, 0).Add(b), Value: p.value, Null: p.null})
		}
	}
	if len(out) == 0 && len(r.Points) > 0 {
		return nil, s.web.Strange("its samples are of another time than the one asked for")
	}
	return out, nil
}

// taggedName is how carbon names a series with tags: name;tag=value;tag=value. It is ""
// when there are none besides the name.
func taggedName(tags map[string]string) string {
	if len(tags) < 2 || tags["name"] == "" {
		return ""
	}
	var b strings.Builder
	b.WriteString(tags["name"])
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		if tag != "name" {
			b.WriteString(";" + tag + "=" + tags[tag])
		}
	}
	return b.String()
}
