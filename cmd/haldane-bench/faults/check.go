package faults

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// promise is what must be so at the end of every round.
type promise string

// The promises.
const (
	rollsBack  promise = "a bad release is rolled back, or somebody is told why not"
	sameEach   promise = "a delivery has one key and one body, however often it is sent"
	sparesGood promise = "a good release is neither failed nor rolled back"
	startsOnce promise = "a start that is repeated starts one run"
	ends       promise = "every run and delivery comes to its end"
	tells      promise = "who is to be told of a verdict is told"
	isFinal    promise = "a final word does not change"
	oneStory   promise = "a history reads as one story"
	ticksOn    promise = "schedules go on"
	keepsQuiet promise = "no log holds a secret"
	stands     promise = "a process ends when it is told to, and never by itself"
)

var promises = []promise{rollsBack, sameEach, sparesGood, startsOnce, ends, tells, isFinal, oneStory, ticksOn, keepsQuiet, stands}

// report counts what was checked, and keeps what was broken.
type report struct {
	checked map[promise]int
	broken  map[promise][]string
}

func (r *report) that(p promise, ok bool, format string, args ...any) {
	r.checked[p]++
	if !ok {
		r.broken[p] = append(r.broken[p], fmt.Sprintf(format, args...))
	}
}

func (r *report) kept() bool { return len(r.broken) == 0 }

// check compares a round with the promises.
func check(s *story) *report {
	out := &report{checked: map[promise]int{}, broken: map[promise][]string{}}
	runs := map[string]*chapter{}
	byKey := map[string][]*chapter{}
	for i := range s.Runs {
		c := &s.Runs[i]
		runs[c.ID] = c
		byKey[c.Plan+"/"+c.Key] = append(byKey[c.Plan+"/"+c.Key], c)
	}
	for _, r := range s.Releases {
		found := byKey[r.Plan+"/"+r.Key]
		out.that(startsOnce, len(found) == 1, "release %s has %d runs", r.Key, len(found))
		for _, c := range found {
			if r.Bad {
				s.checkBad(out, r, c)
			} else {
				s.checkGood(out, c, r.After)
			}
		}
	}
	ticked := false
	for i := range s.Runs {
		c := &s.Runs[i]
		if c.Plan == cronPlan {
			ticked = ticked || ticks(&c.Run, s.Quiet)
			if c.StartedAt.After(s.Quiet) {
				continue // it came when all was over
			}
			s.checkGood(out, c, 0)
			out.that(startsOnce, len(byKey[c.Plan+"/"+c.Key]) == 1, "tick %s has %d runs", c.Key, len(byKey[c.Plan+"/"+c.Key]))
		}
		s.checkEnd(out, c)
		s.checkTold(out, c)
		s.checkHistory(out, c)
	}
	out.that(ticksOn, ticked || ahead(s.Faults), "no run was started by the clock after the last fault")
	s.checkRequests(out, runs)
	out.that(isFinal, len(s.Changed) == 0, "%s", strings.Join(s.Changed, "; "))
	out.that(keepsQuiet, len(s.Leaked) == 0, "%s", strings.Join(s.Leaked, "; "))
	out.that(stands, len(s.Broken) == 0, "%s", strings.Join(s.Broken, "; "))
	return out
}

// about names a run in what was broken.
func about(c *chapter) string {
	outcome := "no outcome"
	if c.Outcome != nil {
		outcome = string(*c.Outcome)
	}
	return fmt.Sprintf("run %s (%s %s, %s, %s, rollback %s): ", c.ID, c.Plan, c.Version, c.Status, outcome, c.Rollback.State)
}

func (c *chapter) found(o analysis.Outcome) bool { return c.Outcome != nil && *c.Outcome == o }

// checkBad wants a rollback that was taken. Without one somebody must have been told, and
// only our own faults excuse it: a deadline that passed, metrics that could not be read, a
// clock that was wrong.
func (s *story) checkBad(out *report, r release, c *chapter) {
	rollback := c.Rollback.State
	taken := slices.ContainsFunc(s.Requests, func(q request) bool { return q.Path == undoPath && q.Run == c.ID && q.Accepted })
	switch skewed := s.clockWrong(r.After); {
	case s.otherHour(c), s.putOff(c):
		// It saw an hour in which nothing was wrong, or has yet to see its own.
	case c.found(analysis.OutcomeFail) && (rollback == analysis.RollbackAccepted || rollback == analysis.RollbackDone):
		out.that(rollsBack, taken, "%sit says so, and nobody took one", about(c))
	case c.found(analysis.OutcomeFail) && (r.Short || skewed) && (rollback == analysis.RollbackFailed || rollback == analysis.RollbackSkipped):
		out.that(rollsBack, s.told(c, analysis.EventDeliveryFailed) || ahead(s.Faults), "%snobody was told (%s)", about(c), c.Rollback.Reason)
	case c.found(analysis.OutcomeInconclusive) && (skewed || s.blind(c)):
		out.that(rollsBack, s.told(c, analysis.EventRunInconclusive) || ahead(s.Faults), "%snobody was told (%s)", about(c), c.Reason)
	default:
		out.that(rollsBack, false, "%s%s; %s", about(c), c.Reason, c.Rollback.Reason)
	}
}

// checkGood wants a run that passed, or that could not see.
func (s *story) checkGood(out *report, c *chapter, since time.Duration) {
	sent := slices.ContainsFunc(s.Requests, func(q request) bool { return q.Path == undoPath && q.Run == c.ID })
	excused := c.found(analysis.OutcomeInconclusive) && (s.clockWrong(since) || s.blind(c)) ||
		c.Plan == cronPlan && c.Status == analysis.StatusSuperseded
	ok := c.found(analysis.OutcomePass) || excused || !c.Status.Ended()
	out.that(sparesGood, ok && !sent && c.Rollback.State == analysis.RollbackNone, "%srollback sent: %t; %s", about(c), sent, c.Reason)
}

// clockWrong reports whether a clock was wrong after a moment of the round.
func (s *story) clockWrong(after time.Duration) bool {
	return slices.ContainsFunc(s.Faults, func(f *fault) bool { return f.is("clock") && f.At+f.Lasts >= after })
}

// putOff reports whether a look of a run was put off by an hour, as a clock was ahead when
// it was planned.
func (s *story) putOff(c *chapter) bool { return ahead(s.Faults) && c.Status == analysis.StatusRunning }

// blind reports whether a run ended while its metrics could not be read, or shortly after:
// what has been refused is not asked again at once.
func (s *story) blind(c *chapter) bool {
	const slack = 20 * time.Second
	return c.FinishedAt != nil && slices.ContainsFunc(s.Faults, func(f *fault) bool {
		return f.is("metrics", "pause") && !f.From.After(*c.FinishedAt) && c.FinishedAt.Sub(f.To) < slack
	})
}

// told reports whether somebody took a message about a run.
func (s *story) told(c *chapter, what analysis.EventType) bool {
	return slices.ContainsFunc(s.Requests, func(q request) bool {
		return q.Path == tellPath && q.Run == c.ID && q.Accepted && q.Type == string(what)
	})
}

func (s *story) checkEnd(out *report, c *chapter) {
	out.that(ends, c.Status.Ended() || s.otherHour(c) || s.putOff(c), "%slook due, ends at %s: %s", about(c), c.EndsAt.Format(time.TimeOnly), c.Reason)
	out.that(ends, !c.verifying(), "%sstill being verified", about(c))
	for i := range c.Deliveries {
		d := &c.Deliveries[i]
		out.that(ends, !d.State.Open(), "%sdelivery %s by %s is %s: %s", about(c), d.ID, d.Action, d.State, d.Reason)
	}
}

func (s *story) checkTold(out *report, c *chapter) {
	switch {
	case c.found(analysis.OutcomeFail):
		out.that(tells, s.told(c, analysis.EventRunFailed) || s.clockWrong(0), "%snobody was told of the failure", about(c))
	case c.found(analysis.OutcomeInconclusive):
		out.that(tells, s.told(c, analysis.EventRunInconclusive) || s.clockWrong(0), "%snobody was told", about(c))
	}
}

// checkRequests looks at what was received: every request belongs to a delivery that was
// recorded, and repeats are repeats.
func (s *story) checkRequests(out *report, runs map[string]*chapter) {
	first := map[string]request{}
	undone := map[string]string{}
	for _, q := range s.Requests {
		c := runs[q.Run]
		known := c != nil && slices.ContainsFunc(c.Deliveries, func(d analysis.Delivery) bool {
			return d.ID == q.ID && d.ChangesWorld == (q.Path == undoPath)
		})
		late := c != nil && c.Plan == cronPlan && c.StartedAt.After(s.Quiet)
		out.that(sameEach, known || late, "request %s to %s of run %s: not recorded", q.ID, q.Path, q.Run)
		out.that(sameEach, q.Idempotency == q.ID && q.Signed, "request %s: idempotency key %s, signed %t", q.ID, q.Idempotency, q.Signed)
		if before, again := first[q.ID]; again {
			out.that(sameEach, bytes.Equal(before.Body, q.Body), "delivery %s was repeated with another body", q.ID)
		} else {
			first[q.ID] = q
		}
		if q.Path != undoPath || c == nil {
			continue
		}
		out.that(sameEach, q.From == c.Version && q.To == c.BaselineVersion, "%srolled back from %s to %s", about(c), q.From, q.To)
		if id, again := undone[q.Run]; again {
			out.that(sameEach, id == q.ID, "%srolled back under %s and %s", about(c), id, q.ID)
		}
		undone[q.Run] = q.ID
	}
}
