package judge

import (
	"slices"
	"strconv"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// mostFindings is how many findings of one metric's segments a verdict keeps.
const mostFindings = 10

// findings are those that the verdict keeps, the worst first and that of the sum always;
// the first one says what became of the others.
func (c *counting) findings() []analysis.Finding {
	kept, rest := c.order, []int(nil)
	if len(kept) > mostFindings {
		kept, rest = slices.Clone(kept[:mostFindings]), c.order[mostFindings:]
		if at := slices.Index(rest, 0); c.whole && at >= 0 {
			kept[mostFindings-1], rest = 0, slices.Concat(kept[mostFindings-1:], rest[:at], rest[at+1:])
		}
	}
	out := make([]analysis.Finding, len(kept))
	for k, i := range kept {
		out[k] = c.opinions[i].Finding
	}
	if note := c.note(rest); note != "" {
		out[0].Reason += "; " + note
	}
	return out
}

// note sums up the segments that have no finding.
func (c *counting) note(rest []int) string {
	var few, canary, baseline []string
	for _, i := range c.spare {
		o, name := &c.opinions[i], c.pairs[i].Segment
		switch onCanary, onBaseline := c.somewhere(&c.pairs[i].Canary), c.somewhere(&c.pairs[i].Baseline); {
		case onCanary && !onBaseline && o.state != leftOut:
			canary = append(canary, name)
		case onBaseline && !onCanary:
			baseline = append(baseline, name)
		default:
			few = append(few, name)
		}
	}
	var parts []string
	add := func(names []string, what string) {
		if len(names) > 0 {
			parts = append(parts, plural(len(names), "segment")+" "+what+": "+some(names))
		}
	}
	bad := 0
	for _, i := range rest {
		if c.opinions[i].Bad {
			bad++
		}
	}
	if len(rest) > 0 {
		text := plural(len(rest), "more segment") + " judged, "
		if bad == 0 {
			text += "none bad"
		} else {
			text += strconv.Itoa(bad) + " of them bad"
		}
		parts = append(parts, text)
	}
	add(few, "had too few samples to be judged")
	add(canary, "on the canary only")
	add(baseline, "on the baseline only")
	return strings.Join(parts, "; ")
}

// some lists the first names.
func some(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + strconv.Itoa(len(names)-most) + " more"
}
