package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// guarded is what the guard rails say of a delivery that changes the world.
type guarded struct {
	state analysis.DeliveryState // pending: go on; held; skipped
	why   string
	until time.Time // held: when to ask again at the latest; zero: at the deadline
	asks  bool      // held: for somebody's approval
}

var pass = guarded{state: analysis.DeliveryPending}

// rollback is the state of a rollback that has just been decided.
func (g guarded) rollback() analysis.RollbackState {
	switch g.state {
	case analysis.DeliveryHeld:
		if g.asks {
			return analysis.RollbackAwaitingApproval
		}
		return analysis.RollbackHeld
	case analysis.DeliverySkipped:
		return analysis.RollbackSkipped
	}
	return analysis.RollbackSending
}

// subject is what a delivery that changes the world is about.
type subject struct {
	run                  *analysis.Run // nil for a service without a run
	service, environment string
	eventID              string
	eventType            analysis.EventType
	who                  analysis.Cause
}

func subjectOf(r *analysis.Run, ev *analysis.Event) subject {
	return subject{run: r, service: ev.Service, environment: ev.Environment, eventID: ev.ID, eventType: ev.Type, who: ev.Who}
}

func (sub subject) rollsBack() bool { return occurrence{typ: sub.eventType}.rollsBack() }

// byHand reports whether a person decided. The rails against Haldane's own
// mistakes do not bind a person; switches and holds do.
func (sub subject) byHand() bool { return person(sub.who) != nil }

// guard asks every guard rail, the final ones first.
func (e *Engine) guard(ctx context.Context, tx *store.Tx, s *Setup, sub subject, now time.Time) (guarded, error) {
	skip := func(format string, args ...any) guarded {
		return guarded{state: analysis.DeliverySkipped, why: fmt.Sprintf(format, args...)}
	}
	switch r := sub.run; {
	case e.opts.Actions == ActionsOff:
		return skip("actions are switched off"), nil
	case e.opts.Actions == ActionsDryRun:
		return skip("dry-run: the daemon runs with HALDANE_ACTIONS=dry-run"), nil
	case r == nil:
	case r.Snapshot.DryRun:
		return skip("dry-run: plan %s has dry_run", r.Plan), nil
	case sub.rollsBack() && !sub.byHand() && !r.Snapshot.MayRollBack():
		return skip("not allowed: %s, and plan %s has no allow_rollback", noPromise(&r.Snapshot), r.Plan), nil
	case !sub.byHand():
		newer, found, err := tx.NewerRun(ctx, r)
		if err != nil {
			return pass, err
		}
		if found {
			return skip("superseded: run %s of %s began since", newer.ID, newer.Version), nil
		}
	}
	if f, until, frozen := s.Guards.frozen(sub.service, sub.environment, now); frozen && sub.rollsBack() && !sub.byHand() {
		return skip("freeze: %s until %s", f.Name, until.UTC().Format("Mon 2006-01-02 15:04 MST")), nil
	}
	if held, err := e.held(ctx, tx, sub, now); err != nil || held.state == analysis.DeliveryHeld {
		return held, err
	}
	if sub.rollsBack() && !sub.byHand() && s.Guards.MaxRollbacksPerHour > 0 {
		n, err := tx.RollbacksSince(ctx, sub.service, sub.environment, sub.eventID, now.Add(-time.Hour))
		if err != nil {
			return pass, err
		}
		if n >= s.Guards.MaxRollbacksPerHour {
			return guarded{
				state: analysis.DeliveryHeld,
				why:   fmt.Sprintf("cap: %s in %s was rolled back %d times within the last hour", sub.service, sub.environment, n),
			}, nil
		}
	}
	return e.approval(ctx, tx, sub, now)
}

func noPromise(p *analysis.Plan) string {
	switch {
	case p.Judge != analysis.JudgeSequential:
		return fmt.Sprintf("the judge %s does not bound false rollbacks", p.Judge)
	case !p.Baseline.Simultaneous():
		return "a baseline from another time does not bound false rollbacks"
	}
	return "fixed thresholds do not bound false rollbacks"
}

// held returns the hold that covers a subject, if there is one.
func (e *Engine) held(ctx context.Context, tx *store.Tx, sub subject, now time.Time) (guarded, error) {
	hs, err := tx.Holds(ctx)
	if err != nil {
		return pass, err
	}
	for _, h := range hs {
		if h.Kind != analysis.HoldSilence && h.Covers(sub.service, sub.environment, now) {
			return guarded{state: analysis.DeliveryHeld, why: fmt.Sprintf("%s holds rollbacks: %s (hold %s)", h.By, h.Reason, h.ID)}, nil
		}
	}
	return pass, nil
}

// manyServices engages a hold over everything when this failure is one of many
// at once.
func (e *Engine) manyServices(ctx context.Context, tx *store.Tx, s *Setup, r *analysis.Run, now time.Time) error {
	m := s.Guards.ManyServices
	if m.Services <= 0 {
		return nil
	}
	n, err := tx.FailedServices(ctx, now.Add(-m.Within))
	if err != nil || n < m.Services {
		return err
	}
	hs, err := tx.Holds(ctx)
	if err != nil {
		return err
	}
	for _, h := range hs {
		if h.Kind == analysis.HoldManyServices && h.Covers(r.Service, r.Environment, now) {
			return nil
		}
	}
	until := now.Add(m.HoldFor)
	h := analysis.Hold{
		ID: newID(), Kind: analysis.HoldManyServices, By: analysis.Haldane, At: now, Until: &until,
		Reason: fmt.Sprintf("%d services failed within %s: the platform or a metric store is the suspect", n, analysis.Duration(m.Within)),
	}
	return e.engage(ctx, tx, s, &h, r, now)
}
