package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// approval is the last guard rail: a rollback that Haldane decided on waits for as many
// people as the plan wants, for as long as it says.
func (e *Engine) approval(ctx context.Context, tx *store.Tx, sub subject, now time.Time) (guarded, error) {
	if sub.run == nil || sub.run.Snapshot.Approval == nil || !sub.rollsBack() || sub.byHand() {
		return pass, nil
	}
	a := sub.run.Snapshot.Approval
	decisions, err := tx.Decisions(ctx, sub.run.ID, sub.eventID)
	if err != nil {
		return pass, err
	}
	if who := decisions.Refused; who != "" {
		return guarded{state: analysis.DeliverySkipped, why: "kept by " + who}, nil
	}
	if len(decisions.Approved) >= a.People {
		return pass, nil
	}
	decided := now
	if sub.run.Rollback.DecidedAt != nil {
		decided = *sub.run.Rollback.DecidedAt
	}
	until := decided.Add(a.Within.Std())
	if !now.Before(until) {
		if a.Default == analysis.ApprovalRollBack {
			return pass, nil
		}
		return guarded{state: analysis.DeliverySkipped, why: fmt.Sprintf("kept: nobody approved it within %s", a.Within)}, nil
	}
	then := "Haldane rolls back"
	if a.Default == analysis.ApprovalKeep {
		then = "the release is kept"
	}
	return guarded{
		state: analysis.DeliveryHeld, asks: true, until: until,
		why: fmt.Sprintf(awaitsApproval+", %d of %d so far; if nobody decides, %s at %s", len(decisions.Approved), a.People, then, until.UTC().Format("15:04 MST")),
	}, nil
}

// awaitsApproval begins the reason of a delivery that is held for it.
const awaitsApproval = "awaits approval"

// Approve is a person's word that a waiting rollback may go out. Saying it twice counts
// once. Conflict when none waits.
func (e *Engine) Approve(ctx context.Context, runID string, by analysis.Cause) (analysis.Run, error) {
	return e.decide(ctx, runID, analysis.EventRollbackApproved, by)
}

// Refuse is a person's word that the release is kept. Conflict when no rollback waits.
func (e *Engine) Refuse(ctx context.Context, runID string, by analysis.Cause) (analysis.Run, error) {
	return e.decide(ctx, runID, analysis.EventRollbackRefused, by)
}

func (e *Engine) decide(ctx context.Context, runID string, typ analysis.EventType, by analysis.Cause) (analysis.Run, error) {
	s := e.setup.Load()
	text := by.String() + " keeps the release"
	r, err := e.change(ctx, runID, func(tx *store.Tx, r *analysis.Run, now time.Time) error {
		if r.Rollback.State != analysis.RollbackAwaitingApproval {
			return analysis.Errorf(analysis.Conflict, "run %s: no rollback of it awaits approval, it is %s", runID, r.Rollback.State)
		}
		if typ == analysis.EventRollbackApproved {
			said, err := tx.Decisions(ctx, r.ID, "")
			if err != nil {
				return err
			}
			n := len(said.Approved)
			if !slices.Contains(said.Approved, by.Person()) {
				n++
			}
			text = fmt.Sprintf("approved by %s, %d of %d", by, n, r.Snapshot.Approval.People)
		}
		return e.tell(ctx, tx, s, r, occurrence{typ: typ, who: by, text: text}, nil, now)
	})
	if err != nil {
		return r, err
	}
	e.log.InfoContext(ctx, text, "run", runID, "plan", r.Plan)
	if err := e.retryHeld(ctx); err != nil {
		return r, err
	}
	return e.Run(ctx, runID)
}
