package judge

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/haldane-dev/haldane/analysis"
)

// count makes one opinion of those on a metric's segments, and chooses the findings
// that are kept.
//
// The metric is bad if any segment is, or their sum. Whether it is decided otherwise is
// for the sum to say, or, of gauges, which cannot be added up, for the steady segments:
// those with samples of both sides in at least half of the steps, or, without any, the
// one that has most. A segment with too few samples never holds up a run.
func (l *look) count(s *subject) (opinion, []analysis.Finding) {
	if !s.split {
		return s.opinions[0], []analysis.Finding{s.opinions[0].Finding}
	}
	c := counting{subject: s, decides: s.deciders()}
	c.sort()
	return c.one(), c.findings()
}

// counting is what becomes of one metric's segments.
type counting struct {
	*subject
	decides []bool // whether an opinion decides if the metric is decided
	order   []int  // of the opinions that can be shown, worst first
	spare   []int  // of the others: segments that could not be judged
}

// deciders says which opinions decide whether the metric is decided.
func (s *subject) deciders() []bool {
	decides := make([]bool, len(s.pairs))
	if s.whole {
		decides[0] = true
		return decides
	}
	n, most, any := s.steps(), 0, false
	counts := make([]int, len(s.pairs))
	for i := range s.pairs {
		_, counts[i] = s.presence(&s.pairs[i])
		steady := counts[i] > 0 && 2*counts[i] >= n
		decides[i] = steady || s.opinions[i].Class == analysis.ClassError
		any = any || decides[i]
		if counts[i] > counts[most] {
			most = i
		}
	}
	decides[most] = decides[most] || !any
	return decides
}

// sort puts the worst first: bad ones, then by evidence, then by the size of the effect.
// Of what is bad, the sum comes first if it is so in most segments, else last: then it is
// the segments that say where.
func (c *counting) sort() {
	for i := range c.opinions {
		if o := &c.opinions[i]; !c.decides[i] && o.unjudged() {
			c.spare = append(c.spare, i)
		} else {
			c.order = append(c.order, i)
		}
	}
	slices.SortStableFunc(c.order, func(i, j int) int {
		a, b := &c.opinions[i], &c.opinions[j]
		return cmp.Or(
			trueFirst(a.Bad, b.Bad),
			trueFirst(a.severe, b.severe),
			cmp.Compare(b.proof(), a.proof()),
			cmp.Compare(b.size(), a.size()),
		)
	})
	if !c.whole || !c.opinions[0].Bad {
		return
	}
	at, bad := slices.Index(c.order, 0), c.badSegments()
	c.order = slices.Delete(c.order, at, at+1)
	if 2*bad > len(c.segments()) {
		bad = 0
	}
	c.order = slices.Insert(c.order, bad, 0)
}

func (c *counting) badSegments() int {
	n := 0
	for i := range c.opinions {
		if o := &c.opinions[i]; o.Bad && o.Segment != "" {
			n++
		}
	}
	return n
}

// unjudged reports whether the samples did not suffice to say anything.
func (o *opinion) unjudged() bool {
	if o.Bad || o.state == decided || o.Class == analysis.ClassError {
		return false
	}
	return o.evidence == nil || math.IsNaN(o.evidence.effect)
}

// proof orders opinions by their evidence.
func (o *opinion) proof() float64 {
	if o.evidence == nil {
		return math.Inf(-1)
	}
	return o.evidence.fail
}

// one is the opinion on the metric as a whole: the words of the worst segment, and the
// state of those that decide.
func (c *counting) one() opinion {
	worst := c.opinions[c.order[0]]
	o := worst
	o.state, o.evidence, o.severe = c.state(), c.evidence(), false
	bad, segments := c.badSegments(), len(c.segments())
	for _, i := range c.order {
		x := &c.opinions[i]
		o.severe = o.severe || x.severe
		o.leans = o.leans || x.leans
	}
	switch open := c.firstOpen(); {
	case worst.Bad:
		o.state, o.leans = decided, false
		if bad > 1 || bad == 1 && worst.Segment == "" {
			o.headline += "; bad in " + strconv.Itoa(bad) + " of " + plural(segments, "segment")
		}
	case o.leans:
		lean := &c.opinions[c.order[slices.IndexFunc(c.order, func(i int) bool { return c.opinions[i].leans })]]
		if o.headline = lean.headline; open != nil && open.headline != lean.headline {
			o.headline += "; " + open.headline
		}
	case c.nowhere():
		o.headline = c.absent()
	case open != nil:
		o.headline = open.headline
	}
	return o
}

// nowhere reports whether no segment has samples of both sides.
func (c *counting) nowhere() bool {
	return !slices.ContainsFunc(c.opinions, func(o opinion) bool {
		return o.Class != analysis.ClassNoData || o.Samples.Canary > 0 && (o.Samples.Baseline > 0 || !c.compared)
	})
}

// absent says which side has none in any of them.
func (c *counting) absent() string {
	whole := analysis.Pair{
		Canary:   c.union(func(p *analysis.Pair) *analysis.Samples { return &p.Canary }),
		Baseline: c.union(func(p *analysis.Pair) *analysis.Samples { return &p.Baseline }),
	}
	gauge := analysis.Metric{Kind: analysis.Gauge}
	if why := whySilent(&gauge, &whole, c.compared); why != "" {
		return c.metric.Name + " " + why + " in any of " + plural(len(c.segments()), "segment")
	}
	return c.metric.Name + " has no segment with samples of both sides"
}

// firstOpen is the worst opinion of those that keep the metric from being decided, nil
// when nothing does.
func (c *counting) firstOpen() *opinion {
	for _, i := range c.order {
		if o := &c.opinions[i]; c.decides[i] && (o.state == collecting || o.state == undecided) {
			return o
		}
	}
	return nil
}

// state is the least decided one of those that decide.
func (c *counting) state() state {
	states := map[state]bool{}
	for i, d := range c.decides {
		if d {
			states[c.opinions[i].state] = true
		}
	}
	for _, s := range []state{undecided, collecting, decided} {
		if states[s] {
			return s
		}
	}
	return leftOut
}

// evidence is that of the metric for passing before the end: of the weakest opinion of
// those that decide, and none as long as a steady segment could not show harm. It is nil
// where the judge weighs none, or where something is bad without evidence.
func (c *counting) evidence() *evidence {
	all := evidence{fail: math.Inf(-1), pass: math.Inf(1), enough: true}
	n := c.steps()
	weighed := false
	for i := range c.opinions {
		o := &c.opinions[i]
		if o.evidence == nil {
			if o.Bad {
				return nil
			}
			continue
		}
		weighed = true
		if c.decides[i] {
			all.pass = min(all.pass, o.evidence.pass)
			all.enough = all.enough && o.evidence.enough
		} else if _, there := c.presence(&c.pairs[i]); 2*there >= n && !o.evidence.enough {
			all.pass = math.Inf(-1)
		}
	}
	if !weighed {
		return nil
	}
	return &all
}
