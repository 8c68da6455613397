package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// request is the part of a run that is fixed at its start and never searched.
type request struct {
	ReleaseID    string            `json:"release_id,omitempty"`
	Phase        string            `json:"phase,omitempty"`
	TrafficShare float64           `json:"traffic_share,omitempty"`
	Subject      analysis.Subject  `json:"subject"`
	Variables    map[string]string `json:"variables,omitempty"`
	Links        map[string]string `json:"links,omitempty"`
	Cause        analysis.Cause    `json:"cause"`
	BodyHash     string            `json:"body_hash"`
	Forced       bool              `json:"forced,omitempty"`
	Drill        bool              `json:"drill,omitempty"`
	ForReal      bool              `json:"for_real,omitempty"`
}

// noDrill is true of the runs that judged something. Names and values that users choose
// stand in quotes in a request, so only its own field can read like this.
const noDrill = `request NOT LIKE '%"drill":true%'`

const newRunColumns = `id, rev, plan, service, environment, key, attempt, version, baseline_version, request, snapshot,
	status, outcome, score, reason, created_at, started_at, ends_at, finished_at, looks, looks_expected, samples,
	judged_until, troubled, next_look, next_look_at, job_id, rollback, verification`

const runColumns = newRunColumns + `, evidence_deleted_at`

// Progress of a run is kept as numbers; its fraction follows from them.

// InsertRun adds a new run with its plan's snapshot. It reports false when a run
// with this plan, key and attempt exists already.
func (tx *Tx) InsertRun(ctx context.Context, r *analysis.Run) (bool, error) {
	plan := toJSON(r.Snapshot)
	sum := sha256.Sum256([]byte(plan))
	hash := hex.EncodeToString(sum[:16])
	if _, err := tx.exec(ctx, `INSERT INTO snapshots (hash, plan) VALUES ($1, $2) ON CONFLICT DO NOTHING`, hash, plan); err != nil {
		return false, err
	}
	tx.s.plans.Add(hash, r.Snapshot)
	req := request{
		ReleaseID: r.ReleaseID, Phase: r.Phase, TrafficShare: r.TrafficShare, Subject: r.Subject,
		Variables: r.Variables, Links: r.Links, Cause: r.Cause, BodyHash: r.BodyHash, Forced: r.Forced,
		Drill: r.Drill, ForReal: r.ForReal,
	}
	r.Rev = 1
	n, err := tx.exec(ctx, `INSERT INTO runs (`+newRunColumns+`, rollback_state)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)
		ON CONFLICT (plan, key, attempt) DO NOTHING`,
		r.ID, r.Rev, r.Plan, r.Service, r.Environment, r.Key, r.Attempt, r.Version, r.BaselineVersion, toJSON(req), hash,
		string(r.Status), (*string)(r.Outcome), r.Score, r.Reason, millis(r.CreatedAt), millis(r.StartedAt), millis(r.EndsAt), optMillis(r.FinishedAt),
		r.Progress.Looks, r.Progress.LooksExpected, r.Progress.Samples, millis(r.JudgedUntil), toInt(r.Troubled),
		r.NextLook, optMillis(&r.NextLookAt), r.JobID, toJSON(r.Rollback), toJSON(r.Verification), string(r.Rollback.State))
	return n == 1, err
}

// LockRun reads a run and keeps others from changing it until the transaction
// ends. Its revision is raised: whoever had read it before will find out.
func (tx *Tx) LockRun(ctx context.Context, id string) (analysis.Run, error) {
	return tx.lockRun(ctx, `WHERE id = $1`, id)
}

// FenceRun is LockRun for work that began with the run at revision rev: Conflict
// when somebody has changed the run since, and the work must be thrown away.
func (tx *Tx) FenceRun(ctx context.Context, id string, rev int64) (analysis.Run, error) {
	r, err := tx.lockRun(ctx, `WHERE id = $1 AND rev = $2`, id, rev)
	if analysis.KindOf(err) == analysis.NotFound {
		return r, analysis.Errorf(analysis.Conflict, "run %s: changed meanwhile", id)
	}
	return r, err
}

func (tx *Tx) lockRun(ctx context.Context, where string, args ...any) (analysis.Run, error) {
	rs, err := tx.t.query(ctx, `UPDATE runs SET rev = rev + 1 `+where+` RETURNING `+runColumns, args...)
	found, ok, err := first(rs, err, scanRun)
	if err != nil {
		return analysis.Run{}, err
	}
	if !ok {
		return analysis.Run{}, analysis.Errorf(analysis.NotFound, "run %s: not found", args[0])
	}
	return tx.s.withPlan(ctx, tx.t, found)
}

// UpdateRun writes what can change of a run that this transaction has locked.
func (tx *Tx) UpdateRun(ctx context.Context, r *analysis.Run) error {
	n, err := tx.exec(ctx, `UPDATE runs SET status = $2, outcome = $3, score = $4, reason = $5, started_at = $6, ends_at = $7,
		finished_at = $8, looks = $9, looks_expected = $10, samples = $11, judged_until = $12, troubled = $13, next_look = $14,
		next_look_at = $15, job_id = $16, rollback = $17, rollback_state = $18, verification = $19
		WHERE id = $1 AND rev = $20`,
		r.ID, string(r.Status), (*string)(r.Outcome), r.Score, r.Reason, millis(r.StartedAt), millis(r.EndsAt), optMillis(r.FinishedAt),
		r.Progress.Looks, r.Progress.LooksExpected, r.Progress.Samples, millis(r.JudgedUntil), toInt(r.Troubled), r.NextLook,
		optMillis(&r.NextLookAt), r.JobID, toJSON(r.Rollback), string(r.Rollback.State), toJSON(r.Verification), r.Rev)
	if err == nil && n != 1 {
		return analysis.Errorf(analysis.Internal, "run %s: written without being locked", r.ID)
	}
	return err
}

// LatestByKey returns the run of a key's latest attempt.
func (tx *Tx) LatestByKey(ctx context.Context, plan, key string) (analysis.Run, bool, error) {
	return tx.s.oneRun(ctx, tx.t, `WHERE plan = $1 AND key = $2 ORDER BY attempt DESC LIMIT 1`, plan, key)
}

// OpenRuns returns the runs of a service that have not ended, oldest first.
func (tx *Tx) OpenRuns(ctx context.Context, service, environment string) ([]analysis.Run, error) {
	return tx.s.manyRuns(ctx, tx.t, `WHERE service = $1 AND environment = $2 AND status IN ('pending', 'running') ORDER BY id`, service, environment)
}

// NewerRun returns a run of the service that began after this one, for another version:
// not one that still waits. Drills release nothing.
func (tx *Tx) NewerRun(ctx context.Context, r *analysis.Run) (analysis.Run, bool, error) {
	return tx.s.oneRun(ctx, tx.t, `WHERE service = $1 AND environment = $2 AND id > $3 AND version <> $4 AND status NOT IN ('pending', 'cancelled') AND `+noDrill+` ORDER BY id LIMIT 1`,
		r.Service, r.Environment, r.ID, r.Version)
}

// FailedServices counts the services with a run that failed since a time, but for drills.
func (tx *Tx) FailedServices(ctx context.Context, since time.Time) (int, error) {
	rs, err := tx.t.query(ctx, `SELECT count(*) FROM (
		SELECT DISTINCT service, environment FROM runs WHERE outcome = 'fail' AND finished_at >= $1 AND `+noDrill+`) AS failed`, millis(since))
	n, _, err := first(rs, err, scalar[int])
	return n, err
}

// WasGood reports whether a version may be rolled back to by hand: it was the
// baseline of the service's runs or passed one of them. What a drill names proves nothing.
func (tx *Tx) WasGood(ctx context.Context, service, environment, version string) (bool, error) {
	rs, err := tx.t.query(ctx, `SELECT count(*) FROM (SELECT 1 FROM runs WHERE service = $1 AND environment = $2
		AND (baseline_version = $3 OR version = $3 AND outcome = 'pass') AND `+noDrill+` LIMIT 1) AS good`, service, environment, version)
	n, _, err := first(rs, err, scalar[int])
	return n > 0, err
}

// Run returns one run: NotFound when there is none of this id.
func (s *Store) Run(ctx context.Context, id string) (analysis.Run, error) {
	r, ok, err := s.oneRun(ctx, s.db.reader(), `WHERE id = $1`, id)
	if err != nil {
		return r, s.trouble("read a run", err)
	}
	if !ok {
		return r, analysis.Errorf(analysis.NotFound, "run %s: not found", id)
	}
	return r, nil
}

// Runs returns a page of runs, newest first, and the cursor of the next page.
func (s *Store) Runs(ctx context.Context, f analysis.RunFilter) ([]analysis.Run, string, error) {
	q, limit := s.db.reader(), pageSize(f.Limit)
	var c conditions
	c.add("plan", "=", f.Plan)
	c.add("service", "=", f.Service)
	c.add("environment", "=", f.Environment)
	c.add("status", "=", string(f.Status))
	c.add("outcome", "=", string(f.Outcome))
	c.add("id", "<", f.Cursor)
	if f.Scope != nil {
		plans, err := plansSeen(ctx, q, f.Scope)
		if err != nil {
			return nil, "", s.trouble("list runs", err)
		}
		c.among("plan", plans, false)
	}
	runs, err := s.manyRuns(ctx, q, c.tail("id", limit), c.args...)
	if err != nil {
		return nil, "", s.trouble("list runs", err)
	}
	runs, next := page(runs, limit, func(r *analysis.Run) string { return r.ID })
	return runs, next, nil
}

func (s *Store) oneRun(ctx context.Context, q queryer, tail string, args ...any) (analysis.Run, bool, error) {
	runs, err := s.manyRuns(ctx, q, tail, args...)
	if err != nil || len(runs) == 0 {
		return analysis.Run{}, false, err
	}
	return runs[0], true, nil
}

func (s *Store) manyRuns(ctx context.Context, q queryer, tail string, args ...any) ([]analysis.Run, error) {
	rs, err := q.query(ctx, `SELECT `+runColumns+` FROM runs `+tail, args...)
	found, err := collect(rs, err, scanRun)
	if err != nil {
		return nil, err
	}
	out := make([]analysis.Run, len(found))
	for i, f := range found {
		if out[i], err = s.withPlan(ctx, q, f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// scannedRun is a run whose plan is still only a hash.
type scannedRun struct {
	analysis.Run
	snapshot string
}

func scanRun(rs rows) (scannedRun, error) {
	var (
		r                              scannedRun
		req, rollback, verification    string
		status                         string
		outcome                        *string
		created, started, ends, judged int64
		finished, nextAt, deleted      *int64
		troubled                       int64
	)
	err := rs.Scan(&r.ID, &r.Rev, &r.Plan, &r.Service, &r.Environment, &r.Key, &r.Attempt, &r.Version, &r.BaselineVersion, &req, &r.snapshot,
		&status, &outcome, &r.Score, &r.Reason, &created, &started, &ends, &finished, &r.Progress.Looks, &r.Progress.LooksExpected,
		&r.Progress.Samples, &judged, &troubled, &r.NextLook, &nextAt, &r.JobID, &rollback, &verification, &deleted)
	if err != nil {
		return r, err
	}
	r.Status, r.Outcome = analysis.Status(status), (*analysis.Outcome)(outcome)
	r.CreatedAt, r.StartedAt, r.EndsAt, r.JudgedUntil = fromMillis(created), fromMillis(started), fromMillis(ends), fromMillis(judged)
	r.FinishedAt, r.NextLookAt, r.Troubled = optTime(finished), zeroTime(nextAt), troubled != 0
	r.EvidenceDeletedAt = optTime(deleted)
	r.Progress.Fraction = r.fraction()
	var q request
	if err := fromJSON(req, &q); err != nil {
		return r, err
	}
	r.ReleaseID, r.Phase, r.TrafficShare, r.Subject = q.ReleaseID, q.Phase, q.TrafficShare, q.Subject
	r.Variables, r.Links, r.Cause, r.BodyHash, r.Forced = q.Variables, q.Links, q.Cause, q.BodyHash, q.Forced
	r.Drill, r.ForReal = q.Drill, q.ForReal
	if err := fromJSON(rollback, &r.Rollback); err != nil {
		return r, err
	}
	err = fromJSON(verification, &r.Verification)
	r.Times = r.Took()
	return r, err
}

// fraction is how much of the run's time has been judged.
func (r *scannedRun) fraction() float64 {
	whole := r.EndsAt.Sub(r.StartedAt)
	if whole <= 0 || r.Status == analysis.StatusFinished {
		return 1
	}
	return min(1, max(0, float64(r.JudgedUntil.Sub(r.StartedAt))/float64(whole)))
}

// withPlan fills in the snapshot, which is read from the database once a hash.
func (s *Store) withPlan(ctx context.Context, q queryer, r scannedRun) (analysis.Run, error) {
	if p, ok := s.plans.Get(r.snapshot); ok {
		r.Snapshot = p
		return r.Run, nil
	}
	rs, err := q.query(ctx, `SELECT plan FROM snapshots WHERE hash = $1`, r.snapshot)
	text, ok, err := first(rs, err, scalar[string])
	if err != nil {
		return r.Run, err
	}
	if !ok {
		return r.Run, analysis.Errorf(analysis.Internal, "run %s: its plan is missing in the database", r.ID)
	}
	if err := fromJSON(text, &r.Snapshot); err != nil {
		return r.Run, err
	}
	s.plans.Add(r.snapshot, r.Snapshot)
	return r.Run, nil
}

// Counts is how much is open.
type Counts struct {
	Runs       map[analysis.Status]int
	Overdue    int // running runs whose look was due before a time
	Deliveries map[analysis.DeliveryState]int
}

// Counts counts what is open; looks due before a time are overdue.
func (s *Store) Counts(ctx context.Context, due time.Time) (Counts, error) {
	c := Counts{
		Runs:       map[analysis.Status]int{analysis.StatusPending: 0, analysis.StatusRunning: 0},
		Deliveries: map[analysis.DeliveryState]int{analysis.DeliveryPending: 0, analysis.DeliveryHeld: 0, analysis.DeliveryFollowing: 0},
	}
	q := s.db.reader()
	count := func(sql string, add func(state string, n int), args ...any) error {
		rs, err := q.query(ctx, sql, args...)
		_, err = collect(rs, err, func(rs rows) (n int, err error) {
			var state string
			if err = rs.Scan(&state, &n); err == nil {
				add(state, n)
			}
			return n, err
		})
		return err
	}
	err := count(`SELECT status, count(*) FROM runs WHERE status IN ('pending', 'running') GROUP BY status`,
		func(state string, n int) { c.Runs[analysis.Status(state)] = n })
	if err == nil {
		err = count(`SELECT status, count(*) FROM runs WHERE next_look_at < $1 GROUP BY status`,
			func(_ string, n int) { c.Overdue += n }, millis(due))
	}
	if err == nil {
		err = count(`SELECT state, count(*) FROM deliveries WHERE state IN ('pending', 'held', 'following') GROUP BY state`,
			func(state string, n int) { c.Deliveries[analysis.DeliveryState(state)] = n })
	}
	return c, s.trouble("count what is open", err)
}
