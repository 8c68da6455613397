package faults

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Tally is what a series of rounds amounts to.
type Tally struct {
	rounds, runs, bad, requests map[string]int // by database
	outcomes                    map[string]int
	faults                      map[Kind]int
	checked, broken             map[promise]int
	recovery                    map[string][]time.Duration // after a SIGKILL, by database
	gap                         time.Duration              // the longest between two ticks
	logs                        int64
	failures                    []string // what was broken, and where to look
}

func newTally() *Tally {
	return &Tally{
		rounds: map[string]int{}, runs: map[string]int{}, bad: map[string]int{}, requests: map[string]int{}, outcomes: map[string]int{},
		faults: map[Kind]int{}, checked: map[promise]int{}, broken: map[promise]int{}, recovery: map[string][]time.Duration{},
	}
}

// add adds a round on a database.
func (t *Tally) add(base string, s *story, r *report) {
	t.rounds[base]++
	t.requests[base] += len(s.Requests)
	t.logs += s.Bytes
	for i := range s.Runs {
		c := &s.Runs[i]
		t.runs[base]++
		word := string(c.Status)
		if c.Outcome != nil {
			word = string(*c.Outcome)
		}
		t.outcomes[word]++
	}
	for _, x := range s.Releases {
		if x.Bad {
			t.bad[base]++
		}
	}
	for _, f := range s.Faults {
		t.faults[f.Kind]++
		if d, ok := s.recovered(f); ok {
			t.recovery[base] = append(t.recovery[base], d)
		}
	}
	t.gap = max(t.gap, s.longestGap())
	for p, n := range r.checked {
		t.checked[p] += n
	}
	for p, list := range r.broken {
		t.broken[p] += len(list)
	}
}

// recovered is how long after a kill every run that was looked at then was looked at
// again, or was over.
func (s *story) recovered(kill *fault) (longest time.Duration, ok bool) {
	if !kill.is("kill-", "kill") || kill.Kind == KillMigrating || s.clockWrong(0) {
		return 0, false
	}
	for i := range s.Runs {
		c := &s.Runs[i]
		if c.Status != analysis.StatusFinished || c.StartedAt.After(kill.To) || c.FinishedAt.Before(kill.To) {
			continue
		}
		for _, l := range c.Looks {
			if l.At.After(kill.To) {
				longest, ok = max(longest, l.At.Sub(kill.To)), true
				break
			}
		}
	}
	return longest, ok
}

// longestGap is the longest time between two runs that the clock started.
func (s *story) longestGap() (longest time.Duration) {
	if s.clockWrong(0) {
		return 0
	}
	var at []time.Time
	for i := range s.Runs {
		if s.Runs[i].Plan == cronPlan {
			at = append(at, s.Runs[i].StartedAt)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	for i := 1; i < len(at); i++ {
		longest = max(longest, at[i].Sub(at[i-1]))
	}
	return longest
}

func (t *Tally) kept() bool { return len(t.broken) == 0 && len(t.failures) == 0 }

// print shows the table.
func (t *Tally) print(w io.Writer) {
	for _, base := range slices.Sorted(maps.Keys(t.rounds)) {
		fmt.Fprintf(w, "%-10s %5d rounds, %6d runs, %6d bad releases, %6d requests received\n", base, t.rounds[base], t.runs[base], t.bad[base], t.requests[base])
	}
	fmt.Fprintf(w, "outcomes   %s\n", counts(t.outcomes))
	fmt.Fprintf(w, "faults     %s\n", counts(t.faults))
	for _, base := range slices.Sorted(maps.Keys(t.recovery)) {
		d := t.recovery[base]
		slices.Sort(d)
		fmt.Fprintf(w, "%s: after %d kills every run was looked at again within: median %s, 90 %% %s, longest %s\n", base, len(d),
			tenths(d[len(d)/2]), tenths(d[len(d)*9/10]), tenths(d[len(d)-1]))
	}
	fmt.Fprintf(w, "longest time between two ticks of the schedule: %s\n", tenths(t.gap))
	fmt.Fprintf(w, "logs       %d kB read for secrets\n\n", t.logs/1000)
	fmt.Fprintf(w, "%-66s %8s %7s\n", "promise", "checked", "broken")
	for _, p := range promises {
		fmt.Fprintf(w, "%-66s %8d %7d\n", p, t.checked[p], t.broken[p])
	}
	for _, f := range t.failures {
		fmt.Fprintf(w, "\n%s\n", f)
	}
}

func tenths(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

// counts prints how many there are of each, most first.
func counts[K ~string](m map[K]int) string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b K) int {
		if m[a] != m[b] {
			return m[b] - m[a]
		}
		return strings.Compare(string(a), string(b))
	})
	var parts []string
	for _, k := range keys {
		parts = append(parts, fmt.Sprintf("%s %d", k, m[k]))
	}
	return strings.Join(parts, ", ")
}
