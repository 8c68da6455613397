package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// update takes over where a step's delivery stands. Without --for-real a step that was
// checked is skipped, and well; for real, only one that was done is.
func (x *drillStep) update(d *analysis.Delivery, forReal bool) {
	x.State, x.Text = d.State, d.Reason
	if d.Receipt != nil && x.Text == "" {
		x.Text = d.Receipt.Text
	}
	x.OK = d.State == analysis.DeliveryDone || d.State == analysis.DeliverySkipped && !forReal
	if d.EndedAt != nil {
		s := d.EndedAt.Sub(d.CreatedAt).Seconds()
		x.Seconds = &s
	}
}

// line is how a step is going, in one line; "" when there is nothing to say yet.
func (x *drillStep) line(d *analysis.Delivery) string {
	about := ""
	if d.EventType != analysis.EventRunFailed {
		about = " of " + string(d.EventType)
	}
	if x.Seconds != nil {
		about += " after " + shortTime(*x.Seconds)
	}
	tail := ""
	if x.Text != "" {
		tail = ": " + x.Text
	}
	switch d.State {
	case analysis.DeliveryPending:
		if d.Attempts > 0 && d.Reason != "" {
			return fmt.Sprintf("attempt %d failed, it is tried again%s", d.Attempts, tail)
		}
		return ""
	case analysis.DeliveryHeld:
		return "is held" + tail
	case analysis.DeliveryFollowing:
		return x.accepted(d)
	case analysis.DeliveryDone:
		return x.verb(d) + about + tail
	case analysis.DeliverySkipped:
		if rest, dry := strings.CutPrefix(x.Text, analysis.DrillMark); dry {
			return rest
		}
		return "not sent" + about + tail
	}
	return "FAILED" + about + ": " + strings.TrimPrefix(x.Text, analysis.DrillMark)
}

// accepted says when a followed step was taken; how far it is comes later, and often.
func (x *drillStep) accepted(d *analysis.Delivery) string {
	if x.said != "" && strings.HasPrefix(x.said, "accepted") {
		return x.said
	}
	took := ""
	if d.Receipt != nil {
		took = " after " + shortTime(d.Receipt.At.Sub(d.CreatedAt).Seconds())
	}
	return "accepted" + took + ", it is followed to its end"
}

// verb is what was done: people are told, the world is changed, or all that is known is
// that the other side took it.
func (x *drillStep) verb(d *analysis.Delivery) string {
	switch {
	case !d.ChangesWorld:
		return "told"
	case d.Receipt != nil && d.Receipt.Done:
		return "done"
	}
	return "accepted (nobody says whether it is done)"
}

// advice is what to do about a step that is not well.
func (x *drillStep) advice(run string) string {
	switch {
	case x.State == analysis.DeliveryHeld && strings.Contains(x.Text, "approval"):
		return "approve it with POST /api/v1/runs/" + run + "/approve, or keep the release with /keep; give the drill a longer --timeout for it"
	case x.State == analysis.DeliveryHeld:
		return "release what holds it, or let it pass: a drill goes through the same guard rails as a rollback"
	case x.State.Open():
		return "it goes on; look at the run's page, and give the drill a longer --timeout"
	case x.State == analysis.DeliverySkipped:
		return "a real rollback would not be sent now either"
	case x.ChangesWorld:
		return "mend it before you need it: as it is, a bad release would have to be rolled back by hand"
	}
	return "mend it before you need it: as it is, nobody would be told by it"
}

// shortTime prints seconds with the digits that matter.
func shortTime(s float64) string {
	switch {
	case s < 0.01:
		return "less than 0.01 s"
	case s < 10:
		return fmt.Sprintf("%.2f s", s)
	case s < 100:
		return fmt.Sprintf("%.1f s", s)
	}
	return analysis.Duration(time.Duration(math.Round(s)) * time.Second).String()
}
