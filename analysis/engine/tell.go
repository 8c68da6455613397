package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// occurrence is an event about to be recorded.
type occurrence struct {
	typ      analysis.EventType
	who      analysis.Cause
	text     string
	findings []analysis.Finding // none: those of the run's last look
	evidence *analysis.Evidence
	failed   *analysis.FailedDelivery
	hold     *analysis.Hold
}

// rollsBack reports whether what changes the world because of it is a rollback.
func (o occurrence) rollsBack() bool {
	return o.typ == analysis.EventRunFailed || o.typ == analysis.EventRollbackRequested
}

// tell records that something happened to a run, and makes a delivery of each
// reaction. The guard rails decide now what becomes of those that change the
// world, so that the message that goes out beside them can say it; they are asked
// again before anything is sent.
func (e *Engine) tell(ctx context.Context, tx *store.Tx, s *Setup, r *analysis.Run, o occurrence, reactions []analysis.Reaction, now time.Time) error {
	ev := &analysis.Event{
		ID: newID(), RunID: r.ID, Service: r.Service, Environment: r.Environment,
		At: now, Type: o.typ, Who: o.who, Text: o.text,
	}
	g := pass
	if s.mayChange(reactions) {
		var err error
		if g, err = e.guard(ctx, tx, s, subjectOf(r, ev), now); err != nil {
			return err
		}
		if o.rollsBack() {
			r.Rollback = analysis.Rollback{State: g.rollback(), From: r.Version, To: rollbackTo(r), Reason: g.why, By: person(o.who), DecidedAt: &now}
			if err := tx.UpdateRun(ctx, r); err != nil {
				return err
			}
		}
	}
	if len(reactions) > 0 {
		if o.findings == nil {
			var err error
			if o.findings, err = tx.LastFindings(ctx, r.ID); err != nil {
				return err
			}
		}
		ev.Notice = e.notice(r, o)
	}
	if err := tx.InsertEvent(ctx, ev); err != nil {
		return err
	}
	for i, re := range reactions {
		d := newDelivery(ev, fmt.Sprint(i), re, s.changesWorld(re.Action), now, r.Snapshot.DeliverWithin)
		if d.ChangesWorld && g.asks { // the time to decide does not count
			d.ExpiresAt = d.ExpiresAt.Add(r.Snapshot.Approval.Within.Std())
		}
		if err := e.dispatch(ctx, tx, s, d, g, now); err != nil {
			return err
		}
	}
	return nil
}

// rollbackTo is the version a rollback of the run goes to: the one a person named,
// or the baseline.
func rollbackTo(r *analysis.Run) string {
	if r.Rollback.To != "" {
		return r.Rollback.To
	}
	return r.BaselineVersion
}

func person(c analysis.Cause) *analysis.Cause {
	if c.Kind == analysis.Haldane.Kind {
		return nil
	}
	return &c
}

// notice fixes what the deliveries of an event will say.
func (e *Engine) notice(r *analysis.Run, o occurrence) *analysis.Notice {
	shown := *r
	shown.URL = e.page(r.ID)
	n := &analysis.Notice{
		Run: &shown, Reason: o.text, Findings: o.findings, Runbook: r.Snapshot.Runbook,
		Report: shown.URL, Plan: r.Snapshot.Facts(), Failed: o.failed, Hold: o.hold, Evidence: o.evidence,
	}
	if n.Findings == nil {
		n.Findings = []analysis.Finding{}
	}
	n.Plan.Severity = severity(r, o)
	n.Plan.DryRun = n.Plan.DryRun || e.opts.Actions == ActionsDryRun
	if o.rollsBack() && rollbackTo(r) != "" {
		n.Rollback = &analysis.RollbackTarget{From: r.Version, To: rollbackTo(r)}
	}
	return n
}

// newDelivery makes the delivery of a reaction; place says where it stands among the
// event's.
func newDelivery(ev *analysis.Event, place string, re analysis.Reaction, changesWorld bool, now time.Time, within analysis.Duration) *analysis.Delivery {
	step := place + "/" + re.Action
	if re.Within > 0 {
		within = re.Within
	}
	return &analysis.Delivery{
		ID: analysis.DeliveryID(ev.ID, step), RunID: ev.RunID, EventID: ev.ID, EventType: ev.Type, Step: step, Action: re.Action,
		ChangesWorld: changesWorld, State: analysis.DeliveryPending, CreatedAt: later(now, ev.At), ExpiresAt: now.Add(within.Std()),
		Service: ev.Service, Environment: ev.Environment, Event: *ev, Reaction: re,
	}
}

// dispatch records a new delivery as the guard rails want it, with its job.
func (e *Engine) dispatch(ctx context.Context, tx *store.Tx, s *Setup, d *analysis.Delivery, g guarded, now time.Time) error {
	switch {
	case e.opts.Actions == ActionsOff:
		d.State, d.Reason, d.EndedAt = analysis.DeliverySkipped, "actions are switched off", &now
	case d.ChangesWorld && g.state != analysis.DeliveryPending:
		d.State, d.Reason = g.state, g.why
		if g.state == analysis.DeliverySkipped {
			d.EndedAt = &now
		}
	case !d.ChangesWorld:
		why, err := e.quiet(ctx, tx, s, d, now)
		if err != nil {
			return err
		}
		if why != "" {
			d.State, d.Reason, d.EndedAt = analysis.DeliverySkipped, why, &now
		}
	}
	if d.State.Open() {
		waits, err := e.waitsForAnother(ctx, tx, d)
		if err != nil {
			return err
		}
		if !waits {
			if d.JobID, err = tx.EnqueueDelivery(ctx, d.ID, wakeAt(d, g)); err != nil {
				return err
			}
		}
	} else {
		tx.AfterCommit(func() { e.metrics.delivered(d) })
	}
	_, err := tx.InsertDelivery(ctx, d)
	return err
}

// wakeAt is when a delivery is to be looked at again: at once, or, when it is held, when
// its guard says, or at its deadline; a release comes before.
func wakeAt(d *analysis.Delivery, g guarded) time.Time {
	switch {
	case d.State != analysis.DeliveryHeld:
		return time.Time{}
	case !g.until.IsZero() && g.until.Before(d.ExpiresAt):
		return g.until
	}
	return d.ExpiresAt
}

// waitsForAnother reports whether an earlier delivery of the same run and action
// is still open: messages of one thread go out one after the other.
func (e *Engine) waitsForAnother(ctx context.Context, tx *store.Tx, d *analysis.Delivery) (bool, error) {
	if d.RunID == "" {
		return false, nil
	}
	all, err := tx.DeliveriesOf(ctx, d.RunID)
	for i := range all {
		if all[i].ID == d.ID {
			break
		}
		if all[i].Action == d.Action && all[i].State.Unsent() {
			return true, err
		}
	}
	return false, err
}
