package answer

import "github.com/haldane-dev/haldane/analysis"

// placement places the samples of one part and counts how that went.
type placement struct {
	part            grid
	seen            map[string]bool // series, by key
	inside, outside int
	shifted         bool
}

func (p *placement) begin(part grid) { *p = placement{part: part, seen: map[string]bool{}} }

// sees notes a series, and reports whether it is the first time.
func (p *placement) sees(key string) bool {
	if p.seen[key] {
		return false
	}
	p.seen[key] = true
	return true
}

// place calls set for each sample with its step in the whole window. Samples come in
// order of time, one a step.
func (p *placement) place(samples []Sample, set func(i int, s Sample)) *analysis.Error {
	before := -1
	for _, s := range samples {
		i, exact := p.part.index(s.At)
		if i < 0 {
			p.outside++
			continue
		}
		if i <= before {
			return analysis.Errorf(analysis.Unavailable, "its samples are not on the step asked for")
		}
		before = i
		p.inside++
		p.shifted = p.shifted || !exact
		set(p.part.first+i, s)
	}
	return nil
}
