package engine

import (
	"context"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// conclude gives a run its outcome and everything that follows from it, in the
// transaction that it is given: after its commit the rollback will happen, exactly
// as recorded. pairs are the samples behind the verdict, if there are any; who is Haldane, or
// the person who decided.
func (e *Engine) conclude(ctx context.Context, tx *store.Tx, s *Setup, r *analysis.Run, v analysis.Verdict, pairs []analysis.Pair, who analysis.Cause, now time.Time) error {
	outcome := v.Outcome
	r.Status, r.Outcome, r.Reason, r.FinishedAt, r.NextLookAt = analysis.StatusFinished, &outcome, v.Reason, &now, time.Time{}
	if v.Score != nil {
		r.Score = v.Score
	}
	if err := tx.UpdateRun(ctx, r); err != nil {
		return err
	}
	if err := e.remember(ctx, tx, r, now); err != nil {
		return err
	}
	if outcome == analysis.OutcomeFail && person(who) == nil && s.rollsBack(&r.Snapshot) {
		if err := e.manyServices(ctx, tx, s, r, now); err != nil {
			return err
		}
	}
	o := occurrence{typ: analysis.Concluded(outcome), who: who, text: v.Reason, findings: v.Findings}
	if outcome != analysis.OutcomePass {
		o.evidence = analysis.EvidenceOf(&r.Snapshot, pairs, v.Findings)
	}
	if err := e.tell(ctx, tx, s, r, o, r.Snapshot.On.For(outcome), now); err != nil {
		return err
	}
	tx.AfterCommit(func() {
		e.memory.forget(r.ID)
		e.metrics.ended(r)
		e.log.InfoContext(ctx, "run finished", "run", r.ID, "plan", r.Plan, "service", r.Service, "version", r.Version,
			"outcome", outcome, "rollback", r.Rollback.State, "reason", r.Reason)
	})
	_, err := e.promote(ctx, tx, s, r.Service, r.Environment, now)
	return err
}

// remember condemns a version that failed, and pardons one that passed after all.
// What was only a rehearsal is not remembered.
func (e *Engine) remember(ctx context.Context, tx *store.Tx, r *analysis.Run, now time.Time) error {
	if r.Version == "" || r.Snapshot.DryRun || e.opts.Actions != ActionsOn {
		return nil
	}
	switch *r.Outcome {
	case analysis.OutcomeFail:
		return tx.Condemn(ctx, r, now)
	case analysis.OutcomePass:
		return tx.Pardon(ctx, r.Service, r.Environment, r.Version)
	}
	return nil
}
