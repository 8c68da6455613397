package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// rehearseWithin is how long one step of a drill that is not for real may take.
const rehearseWithin = 10 * time.Second

// drillDry checks everything that a failure may perform, what comes after it included, and
// records each step as a delivery that has ended: skipped when it could have been sent,
// failed when not. No step has a job, so nothing can send it later.
func (e *Engine) drillDry(ctx context.Context, drill *drill) error {
	r, s, v, now := drill.run, drill.setup, drill.verdict, drill.now
	ev := &analysis.Event{
		ID: newID(), RunID: r.ID, Service: r.Service, Environment: r.Environment,
		At: now, Type: analysis.EventRunFailed, Who: analysis.Haldane, Text: v.Reason,
	}
	o := occurrence{typ: ev.Type, who: ev.Who, text: v.Reason, findings: v.Findings}
	rollsBack := s.rollsBack(&r.Snapshot)
	if rollsBack {
		r.Rollback = analysis.Rollback{State: analysis.RollbackSending, From: r.Version, To: rollbackTo(r), DecidedAt: &now}
	}
	ev.Notice = e.notice(r, o) // as it would read if it were sent
	steps := s.steps(ev, r)
	s.rehearse(ctx, steps)
	if err := ctx.Err(); err != nil {
		return analysis.AsError(err) // whoever asked has left: the checks were cut off
	}
	return e.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.LockService(ctx, r.Service, r.Environment); err != nil {
			return err
		}
		if err := drill.insert(ctx, tx); err != nil {
			return err
		}
		g, err := e.guard(ctx, tx, s, subjectOf(r, ev), now)
		if err != nil {
			return err
		}
		if err := tx.InsertEvent(ctx, ev); err != nil {
			return err
		}
		ended := make([]analysis.Delivery, 0, len(steps))
		for _, x := range steps {
			d := x.ended(e.would(g, x.ChangesWorld))
			if _, err := tx.InsertDelivery(ctx, &d); err != nil {
				return err
			}
			ended = append(ended, d)
		}
		if rollsBack {
			r.Rollback.State, r.Rollback.Reason = summary(r, ended)
		}
		return tx.UpdateRun(ctx, r)
	})
}

// would is what would have become of a delivery.
func (e *Engine) would(g guarded, changesWorld bool) string {
	switch {
	case e.opts.Actions == ActionsOff:
		return "would have been skipped (actions are switched off)"
	case changesWorld && g.state == analysis.DeliveryHeld:
		return "would have been held (" + g.why + ")"
	case changesWorld && g.state == analysis.DeliverySkipped:
		return "would have been skipped (" + g.why + ")"
	}
	return "would have been sent"
}

// step is one delivery of a drill that is not for real, and how its check went.
type step struct {
	analysis.Delivery
	checked bool   // false: the action cannot check itself
	text    string // what it would send, if the action can tell
	err     *analysis.Error
	took    time.Duration
}

// steps lists all that a failure may perform: its reactions, what follows from how they
// end, and whom a failed delivery is told to, if that is nobody of them.
func (s *Setup) steps(ev *analysis.Event, r *analysis.Run) []*step {
	var out []*step
	var add func(list []analysis.Reaction, before string)
	add = func(list []analysis.Reaction, before string) {
		for i, re := range list {
			d := newDelivery(ev, before+fmt.Sprint(i), re, s.changesWorld(re.Action), ev.At, r.Snapshot.DeliverWithin)
			out = append(out, &step{Delivery: *d})
			add(re.Then, d.Step+">then/")
			add(re.Else, d.Step+">else/")
		}
	}
	add(r.Snapshot.On.Fail, "")
	known := slices.Clone(out)
	for i, re := range r.Snapshot.On.DeliveryFailed {
		if !slices.ContainsFunc(known, func(x *step) bool { return x.Action == re.Action }) {
			add([]analysis.Reaction{re}, fmt.Sprintf("delivery_failed/%d/", i))
		}
	}
	return out
}

// rehearse checks all steps at the same time, each within its own.
func (s *Setup) rehearse(ctx context.Context, steps []*step) {
	var all sync.WaitGroup
	for _, x := range steps {
		all.Go(func() {
			ctx, stop := context.WithTimeout(ctx, rehearseWithin)
			defer stop()
			began := time.Now()
			x.err = errorOf(x.rehearse(ctx, s.Actions[x.Action].Action))
			x.took = time.Since(began)
		})
	}
	all.Wait()
}

// rehearse finds out whether a delivery could be sent, and what it would say; it sends
// nothing.
func (x *step) rehearse(ctx context.Context, a analysis.Action) (err error) {
	if a == nil {
		return analysis.Errorf(analysis.Invalid, "action %q: not in the config any more", x.Action)
	}
	if c, ok := a.(analysis.Checker); ok {
		x.checked = true
		if err := c.Check(ctx); err != nil {
			return err
		}
	}
	if r, ok := a.(analysis.Rehearser); ok {
		x.text, err = r.Rehearse(ctx, x.Delivery)
	}
	return err
}

// ended is the delivery as it is recorded.
func (x *step) ended(would string) analysis.Delivery {
	d := x.Delivery
	took := max(x.took.Truncate(time.Millisecond), time.Millisecond)
	at := d.CreatedAt.Add(took)
	d.EndedAt, d.State = &at, analysis.DeliverySkipped
	d.Reason = analysis.DrillMark + would
	switch {
	case x.err != nil:
		d.State, d.Reason = analysis.DeliveryFailed, analysis.DrillMark+x.err.Error()
		return d
	case x.checked:
		d.Reason += "; checked in " + analysis.Duration(took).String()
	default:
		d.Reason += "; it cannot be checked without sending"
	}
	if x.text != "" {
		d.Reason += ": " + x.text
	}
	return d
}
