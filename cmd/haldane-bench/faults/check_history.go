package faults

import (
	"slices"

	"github.com/haldane-dev/haldane/analysis"
)

var verdicts = []analysis.EventType{
	analysis.EventRunPassed, analysis.EventRunFailed, analysis.EventRunMarginal, analysis.EventRunInconclusive,
}

// opening are the events that can come before a run starts.
var opening = []analysis.EventType{analysis.EventRunQueued, analysis.EventRunCancelled, analysis.EventRunSuperseded}

// consequences are the events that only a verdict can bring.
var consequences = []analysis.EventType{
	analysis.EventRollbackUpdated, analysis.EventRollbackVerified, analysis.EventRollbackNotRecovered,
}

// checkHistory wants the events, looks and deliveries of a run in an order that makes
// sense.
func (s *story) checkHistory(out *report, c *chapter) {
	s.checkEvents(out, c)
	checkLooks(out, c)
	s.checkDeliveries(out, c)
}

func (s *story) checkEvents(out *report, c *chapter) {
	started, judged := 0, 0
	for i, e := range c.Events {
		if i > 0 && !s.clockWrong(0) {
			out.that(oneStory, !e.At.Before(c.Events[i-1].At), "%s%s is told before what came earlier", about(c), e.Type)
		}
		switch {
		case e.Type == analysis.EventRunStarted:
			started++
		case started == 0:
			out.that(oneStory, slices.Contains(opening, e.Type), "%s%s before it was started", about(c), e.Type)
		}
		if slices.Contains(verdicts, e.Type) {
			judged++
			out.that(oneStory, c.Outcome != nil && e.Type == analysis.Concluded(*c.Outcome), "%sits history says %s", about(c), e.Type)
		}
		if slices.Contains(consequences, e.Type) {
			out.that(oneStory, judged == 1, "%s%s without a verdict", about(c), e.Type)
		}
	}
	want := 0
	if c.Status == analysis.StatusFinished {
		want = 1
	}
	out.that(oneStory, judged == want, "%s%d verdicts in its history", about(c), judged)
	out.that(oneStory, started == 1 || started == 0 && want == 0, "%swas started %d times", about(c), started)
}

func checkLooks(out *report, c *chapter) {
	for i := range c.Looks {
		l := &c.Looks[i]
		out.that(oneStory, l.Number == i+1, "%slook %d stands where look %d should", about(c), l.Number, i+1)
		last := i == len(c.Looks)-1
		goesOn := l.Verdict.Outcome == analysis.OutcomeContinue
		ended := c.Status == analysis.StatusFinished
		out.that(oneStory, goesOn || last, "%slook %d decided, and there were more", about(c), l.Number)
		if last && ended {
			out.that(oneStory, c.found(l.Verdict.Outcome), "%sits last look says %s", about(c), l.Verdict.Outcome)
		}
	}
	out.that(oneStory, len(c.Looks) == c.Progress.Looks, "%s%d looks, it counts %d", about(c), len(c.Looks), c.Progress.Looks)
}

func (s *story) checkDeliveries(out *report, c *chapter) {
	taken := false
	for i := range c.Deliveries {
		d := &c.Deliveries[i]
		because := slices.IndexFunc(c.Events, func(e analysis.Event) bool { return e.ID == d.EventID })
		out.that(oneStory, because >= 0 && c.Events[max(because, 0)].Type == d.EventType, "%sdelivery %s follows from nothing", about(c), d.ID)
		twin := slices.IndexFunc(c.Deliveries, func(o analysis.Delivery) bool { return o.ID == d.ID })
		out.that(oneStory, twin == i, "%sdelivery %s is there twice", about(c), d.ID)
		out.that(oneStory, !d.ChangesWorld || d.EventType == analysis.EventRunFailed, "%srollback because of %s", about(c), d.EventType)
		if d.State != analysis.DeliveryDone {
			continue
		}
		answered := slices.ContainsFunc(s.Requests, func(q request) bool { return q.ID == d.ID && q.Accepted })
		out.that(oneStory, answered && d.Receipt != nil, "%sdelivery %s by %s is done, and nobody took it", about(c), d.ID, d.Action)
		taken = taken || d.ChangesWorld
	}
	done := c.Rollback.State == analysis.RollbackAccepted || c.Rollback.State == analysis.RollbackDone
	out.that(oneStory, taken == done, "%sa delivery that rolls back is done: %t", about(c), taken)
}
