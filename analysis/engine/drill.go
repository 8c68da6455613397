package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// Drill does what follows a bad verdict, on one that is made up: see analysis.Driller. Its
// run is finished when it is written, so that it takes no part in what runs do to each
// other, and the metrics do not count it.
func (e *Engine) Drill(ctx context.Context, req analysis.DrillRequest) (analysis.Run, error) {
	s := e.setup.Load()
	p, err := s.plan(req.Plan)
	if err != nil {
		return analysis.Run{}, err
	}
	if err := s.checkDrill(p, req); err != nil {
		return analysis.Run{}, err
	}
	d := newDrill(s, p, req, time.Now().Truncate(time.Millisecond).UTC())
	if req.ForReal {
		err = e.drillForReal(ctx, d)
	} else {
		err = e.drillDry(ctx, d)
	}
	if err != nil {
		return analysis.Run{}, err
	}
	r := d.run
	r.URL = e.page(r.ID)
	e.log.InfoContext(ctx, "drill", "run", r.ID, "plan", r.Plan, "service", r.Service, "for_real", r.ForReal, "rollback", r.Rollback.State, "by", r.Cause.String())
	return *r, nil
}

// checkDrill finds everything that is wrong with a request for a drill, or nil.
func (s *Setup) checkDrill(p *analysis.Plan, req analysis.DrillRequest) error {
	c := &fieldChecks{pattern: p.NamePattern}
	switch {
	case req.Environment == "" && req.ForReal:
		c.add("environment", "missing: a drill for real names it")
	case req.Environment != "" && req.Environment != p.Environment:
		c.add("environment", fmt.Sprintf("plan %s is of %s", p.Name, p.Environment))
	}
	if req.Version == "" && req.ForReal {
		c.add("version", "missing: a drill for real says what it rolls back")
	}
	if req.BaselineVersion == "" && req.ForReal && s.rollsBack(p) {
		c.add("baseline_version", "missing: a drill for real says what it rolls back to")
	}
	if req.Version != "" && req.Version == req.BaselineVersion {
		c.add("baseline_version", "the same as version")
	}
	c.name("version", req.Version)
	c.name("baseline_version", req.BaselineVersion)
	if err := c.err(); err != nil {
		return err
	}
	if len(p.On.Fail) == 0 {
		return analysis.Errorf(analysis.Conflict, "plan %s: does nothing on a failure", p.Name).WithHint("name actions in its on_fail")
	}
	return nil
}

// drill is a drill that is to be recorded.
type drill struct {
	setup   *Setup
	run     *analysis.Run
	verdict analysis.Verdict
	asked   analysis.Event // the first of its run: who asked for it
	now     time.Time
}

// newDrill makes the run of a drill, which is over when it begins, and its verdict. Its
// copy of the plan has no verification: no metric was bad, so none can recover.
func newDrill(s *Setup, p *analysis.Plan, req analysis.DrillRequest, now time.Time) *drill {
	if req.Version == "" {
		req.Version = "drill-version"
	}
	if req.BaselineVersion == "" {
		req.BaselineVersion = "drill-baseline"
	}
	r := newRun(p, analysis.StartRequest{Plan: p.Name, Version: req.Version, BaselineVersion: req.BaselineVersion, Cause: req.By}, now)
	v := madeUp(p)
	r.Drill, r.ForReal, r.Key = true, req.ForReal, "drill/"+r.ID
	r.Status, r.Outcome, r.Reason, r.FinishedAt, r.EndsAt = analysis.StatusFinished, &v.Outcome, v.Reason, &now, now
	r.Progress.Fraction = 1
	r.Snapshot.Verify = 0
	r.Verification.Reason = "not watched: in a drill no metric is bad that could recover"
	r.Times = r.Took()
	asked := analysis.Event{
		ID: newID(), RunID: r.ID, Service: r.Service, Environment: r.Environment, At: now, Type: analysis.EventRunStarted, Who: r.Cause,
		Text: "a drill, nothing is sent, asked for by " + r.Cause.String(),
	}
	if r.ForReal {
		asked.Text = "a drill for real, asked for by " + r.Cause.String()
	}
	return &drill{s, r, v, asked, now}
}

// madeUp is the verdict of a drill: the metric that matters most is bad.
func madeUp(p *analysis.Plan) analysis.Verdict {
	bad := 0
	for i := range p.Metrics {
		if p.Metrics[i].Critical {
			bad = i
			break
		}
	}
	v := analysis.Verdict{Outcome: analysis.OutcomeFail, Reason: "made up by a drill"}
	for i := range p.Metrics {
		m := &p.Metrics[i]
		f := analysis.Finding{Metric: m.Name, Group: m.Group, Critical: m.Critical, Class: analysis.ClassPass, Reason: "made up by a drill: " + m.Name + " is fine"}
		if i == bad {
			f.Class, f.Bad, f.Reason = analysis.ClassHigh, true, "made up by a drill: "+m.Name+" is bad; nothing was measured"
			if m.Direction == analysis.Decrease {
				f.Class = analysis.ClassLow
			}
			v.Reason = f.Reason
		}
		v.Findings = append(v.Findings, f)
	}
	return v
}

// drillForReal records a drill and makes its deliveries as a verdict does. Haldane is who
// decided, so that the guard rails bind it; who asked is the run's cause.
func (e *Engine) drillForReal(ctx context.Context, d *drill) error {
	r, s, v := d.run, d.setup, d.verdict
	return e.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.LockService(ctx, r.Service, r.Environment); err != nil {
			return err
		}
		if err := s.mayDrill(ctx, tx, r); err != nil {
			return err
		}
		if err := d.insert(ctx, tx); err != nil {
			return err
		}
		o := occurrence{typ: analysis.EventRunFailed, who: analysis.Haldane, text: v.Reason, findings: v.Findings}
		return e.tell(ctx, tx, s, r, o, r.Snapshot.On.Fail, d.now)
	})
}

// mayDrill refuses what could hurt: a rollback in the middle of a release, or to a version
// that nobody knows to be good.
func (s *Setup) mayDrill(ctx context.Context, tx *store.Tx, r *analysis.Run) error {
	if !s.rollsBack(&r.Snapshot) {
		return nil
	}
	open, err := tx.OpenRuns(ctx, r.Service, r.Environment)
	if err != nil {
		return err
	}
	if len(open) > 0 {
		return analysis.Errorf(analysis.Conflict, "run %s of %s in %s has not ended: a drill would roll back in the middle of a release", open[0].ID, r.Service, r.Environment).
			WithHint("after it, or a drill that is not for real")
	}
	good, err := tx.WasGood(ctx, r.Service, r.Environment, r.BaselineVersion)
	if err == nil && !good {
		const why = "no run found it good before"
		bad := analysis.Errorf(analysis.Invalid, "baseline_version: %s", why).WithHint("the version that is live")
		bad.Fields = []analysis.FieldError{{Field: "baseline_version", Message: why}}
		return bad
	}
	return err
}

// insert writes a drill's run, with its verdict as its only look, and its first event.
func (d *drill) insert(ctx context.Context, tx *store.Tx) error {
	if ok, err := tx.InsertRun(ctx, d.run); err != nil || !ok {
		if err == nil {
			err = analysis.Errorf(analysis.Internal, "run %s: is there already", d.run.ID)
		}
		return err
	}
	look := &analysis.Look{Number: 1, DueAt: d.now, At: d.now, Window: analysis.Window{Start: d.now, End: d.now}, Verdict: d.verdict}
	if _, err := tx.InsertLook(ctx, d.run.ID, look, nil); err != nil {
		return err
	}
	return tx.InsertEvent(ctx, &d.asked)
}
