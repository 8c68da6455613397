package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// Rollback is a person's decision about a run. A running one finishes as failed;
// an ended one keeps its outcome.
//
// Errors: Conflict when a rollback is done or on its way, when the run has not
// begun, or when its plan has no action that could; Invalid for a version that is
// not known to be good.
func (e *Engine) Rollback(ctx context.Context, id string, req analysis.RollbackRequest) (analysis.Run, error) {
	s := e.setup.Load()
	return e.change(ctx, id, func(tx *store.Tx, r *analysis.Run, now time.Time) error {
		switch {
		case r.Drill:
			return analysis.Errorf(analysis.Conflict, "run %s: is a drill, nothing was released", id).
				WithHint("a drill for real, or POST /api/v1/services/%s/rollback", r.Service)
		case r.Status == analysis.StatusPending:
			return analysis.Errorf(analysis.Conflict, "run %s: has not begun", id).WithHint("cancel it")
		case r.Rollback.State.Underway():
			return analysis.Errorf(analysis.Conflict, "run %s: its rollback is %s already", id, r.Rollback.State)
		case !s.rollsBack(&r.Snapshot):
			return analysis.Errorf(analysis.Conflict, "run %s: plan %s has no action that rolls back", id, r.Plan).
				WithHint("name one in the plan's on_fail")
		}
		if err := checkTarget(ctx, tx, r, req.To); err != nil {
			return err
		}
		r.Rollback.To = req.To
		text := byHand(req)
		if r.Status == analysis.StatusRunning {
			v := analysis.Verdict{Outcome: analysis.OutcomeFail, Reason: text}
			return e.conclude(ctx, tx, s, r, v, nil, req.By, now)
		}
		return e.tell(ctx, tx, s, r, occurrence{typ: analysis.EventRollbackRequested, who: req.By, text: text}, r.Snapshot.On.Fail, now)
	})
}

func byHand(req analysis.RollbackRequest) string {
	text := "rolled back by " + req.By.String()
	if req.Reason != "" {
		text += ": " + req.Reason
	}
	return text
}

// checkTarget allows the run's baseline, or a version that was good before.
func checkTarget(ctx context.Context, tx *store.Tx, r *analysis.Run, to string) error {
	switch {
	case to == r.Version && to != "":
		return badTarget("it is the version that is to be rolled back")
	case to == "" && r.BaselineVersion == "":
		return badTarget("missing: the run has no baseline version")
	case to == "" || to == r.BaselineVersion:
		return nil
	}
	good, err := tx.WasGood(ctx, r.Service, r.Environment, to)
	if err == nil && !good {
		return badTarget("not the run's baseline, and no run found it good before")
	}
	return err
}

func badTarget(why string) error {
	err := analysis.Errorf(analysis.Invalid, "to: %s", why)
	err.Fields = []analysis.FieldError{{Field: "to", Message: why}}
	return err
}

// RollbackService is a person's decision about a service, without a run: every
// action that the plans of the service and environment would perform on a failure
// is performed. It returns the deliveries.
//
// Errors: NotFound when no plan of the service rolls back; Invalid for a version
// that is not known to be good.
func (e *Engine) RollbackService(ctx context.Context, service string, req analysis.RollbackRequest) ([]analysis.Delivery, error) {
	s := e.setup.Load()
	reactions, facts, within := s.serviceReactions(service, req.Environment)
	if !s.mayChange(reactions) {
		return nil, analysis.Errorf(analysis.NotFound, "service %q in %q: no plan of it has an action that rolls back", service, req.Environment)
	}
	var made []analysis.Delivery
	err := e.store.Write(ctx, func(tx *store.Tx) error {
		made = nil
		now := time.Now().Truncate(time.Millisecond).UTC()
		if err := tx.LockService(ctx, service, req.Environment); err != nil {
			return err
		}
		if req.To == "" {
			return badTarget("missing")
		}
		if good, err := tx.WasGood(ctx, service, req.Environment, req.To); err != nil || !good {
			if err == nil {
				err = badTarget("no run found it good before")
			}
			return err
		}
		ev := &analysis.Event{
			ID: newID(), Service: service, Environment: req.Environment, At: now,
			Type: analysis.EventRollbackRequested, Who: req.By, Text: byHand(req),
		}
		ev.Notice = &analysis.Notice{
			Rollback: &analysis.RollbackTarget{To: req.To}, Reason: ev.Text, Findings: []analysis.Finding{}, Plan: facts,
		}
		g, err := e.guard(ctx, tx, s, subject{nil, service, req.Environment, ev.ID, ev.Type, req.By}, now)
		if err != nil {
			return err
		}
		if err := tx.InsertEvent(ctx, ev); err != nil {
			return err
		}
		for i, re := range reactions {
			d := newDelivery(ev, fmt.Sprint(i), re, s.changesWorld(re.Action), now, within)
			if err := e.dispatch(ctx, tx, s, d, g, now); err != nil {
				return err
			}
			made = append(made, *d)
		}
		return nil
	})
	return made, err
}

// serviceReactions collects what the plans of a service do on a failure, each
// action once.
func (s *Setup) serviceReactions(service, environment string) ([]analysis.Reaction, analysis.PlanFacts, analysis.Duration) {
	var out []analysis.Reaction
	var facts analysis.PlanFacts
	var within analysis.Duration
	for _, name := range sortedKeys(s.Plans) {
		p := s.Plans[name]
		if p.Service != service || p.Environment != environment {
			continue
		}
		for _, re := range p.On.Fail {
			if !slices.ContainsFunc(out, func(o analysis.Reaction) bool { return o.Action == re.Action }) {
				out = append(out, re)
			}
		}
		facts, within = p.Facts(), max(within, p.DeliverWithin)
	}
	return out, facts, within
}

// summary is a run's rollback as the deliveries of the latest decision make it.
func summary(r *analysis.Run, ds []analysis.Delivery) (analysis.RollbackState, string) {
	count := map[analysis.DeliveryState]int{}
	why := map[analysis.DeliveryState]string{}
	event, done, open := "", true, false
	for _, d := range slices.Backward(ds) {
		if !(occurrence{typ: d.EventType}).rollsBack() || event != "" && d.EventID != event {
			continue
		}
		event = d.EventID
		if open = open || d.State.Unsent(); !d.ChangesWorld {
			continue
		}
		if d.State == analysis.DeliveryFailed && slices.ContainsFunc(ds, func(o analysis.Delivery) bool { return o.ReplacesStep(d) }) {
			continue
		}
		count[d.State]++
		why[d.State] = d.Reason
		done = done && d.Receipt != nil && d.Receipt.Done
	}
	switch {
	case count[analysis.DeliveryPending] > 0:
		return analysis.RollbackSending, why[analysis.DeliveryPending]
	case count[analysis.DeliveryHeld] > 0 && strings.HasPrefix(why[analysis.DeliveryHeld], awaitsApproval):
		return analysis.RollbackAwaitingApproval, why[analysis.DeliveryHeld]
	case count[analysis.DeliveryHeld] > 0:
		return analysis.RollbackHeld, why[analysis.DeliveryHeld]
	case count[analysis.DeliveryFailed] > 0:
		return analysis.RollbackFailed, why[analysis.DeliveryFailed]
	case count[analysis.DeliveryFollowing] > 0:
		return analysis.RollbackAccepted, why[analysis.DeliveryFollowing]
	case count[analysis.DeliveryDone] > 0 && done:
		return analysis.RollbackDone, ""
	case count[analysis.DeliveryDone] > 0:
		return analysis.RollbackAccepted, ""
	case count[analysis.DeliverySkipped] > 0:
		return analysis.RollbackSkipped, why[analysis.DeliverySkipped]
	case event != "" && !open:
		return analysis.RollbackSkipped, "no step that rolls back was reached"
	}
	return r.Rollback.State, r.Rollback.Reason
}
