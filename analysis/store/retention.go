package store

import (
	"context"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// What is deleted when it is old, in transactions of so many rows that nobody waits for
// them. Each of them may be run by several replicas at once, and again after a crash.

// openDelivery is true of deliveries that have something to do.
const openDelivery = `d.state IN ('pending', 'held', 'following')`

// WithEvidence returns runs that ended before a time, have nothing to do any more and
// still have their evidence; those that ended first come first.
func (s *Store) WithEvidence(ctx context.Context, before time.Time, most int) ([]string, error) {
	rs, err := s.db.reader().query(ctx, `SELECT r.id FROM runs r WHERE r.evidence_deleted_at IS NULL AND r.finished_at < $1 AND r.next_look_at IS NULL
		AND r.status IN ('finished', 'cancelled', 'superseded')
		AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.run_id = r.id AND `+openDelivery+`)
		ORDER BY r.finished_at, r.id LIMIT $2`, millis(before), most)
	ids, err := collect(rs, err, scalar[string])
	return ids, s.trouble("look for old runs", err)
}

// Deleted says how far the evidence of a run has been deleted.
type Deleted string

// How far it can be.
const (
	DeletedSome Deleted = "some" // there is more
	DeletedAll  Deleted = "all"
	DeletedNone Deleted = "none" // somebody else did it, or the run needs it again
)

// DeleteEvidence deletes the looks and samples of a run that has ended, and what it knew
// of others' noise; so many rows at most. When all are gone the run is marked.
func (tx *Tx) DeleteEvidence(ctx context.Context, runID string, now time.Time, most int) (Deleted, error) {
	r, err := tx.LockRun(ctx, runID) // pictures of it change
	if err != nil || r.EvidenceDeletedAt != nil || !r.Status.Ended() || !r.NextLookAt.IsZero() {
		return DeletedNone, err
	}
	rs, err := tx.t.query(ctx, `SELECT count(*) FROM deliveries d WHERE d.run_id = $1 AND `+openDelivery, runID)
	if open, _, err := first(rs, err, scalar[int]); err != nil || open > 0 {
		return DeletedNone, err
	}
	// In this order what is there meanwhile makes sense: pictures that end early, a last look.
	for _, from := range []string{
		`DELETE FROM samples WHERE run_id = $1 AND look IN (SELECT look FROM samples WHERE run_id = $1 ORDER BY look DESC LIMIT $2)`,
		`DELETE FROM pushed WHERE run_id = $1 AND (metric, segment, side, at) IN (SELECT metric, segment, side, at FROM pushed WHERE run_id = $1 LIMIT $2)`,
		`DELETE FROM looks WHERE run_id = $1 AND number IN (SELECT number FROM looks WHERE run_id = $1 ORDER BY number LIMIT $2)`,
	} {
		n, err := tx.exec(ctx, from, runID, most)
		if most -= int(n); err != nil || most <= 0 {
			return DeletedSome, err
		}
	}
	if err := tx.forgetNoise(ctx, runID, most); err != nil {
		return DeletedSome, err
	}
	_, err = tx.exec(ctx, `UPDATE runs SET evidence_deleted_at = $2 WHERE id = $1`, runID, millis(now))
	return DeletedAll, err
}

// noiseKept is of how many runs that asked the same the noise is kept: more than any run
// recalls, as some of them may still turn out not to have been good.
const noiseKept = 50

// forgetNoise deletes what an old run knew of others' noise, and what nobody is going to
// recall of those that asked the same.
func (tx *Tx) forgetNoise(ctx context.Context, runID string, most int) error {
	_, err := tx.exec(ctx, `DELETE FROM noise WHERE role = $1 AND run_id IN (SELECT n.run_id FROM noise n
		WHERE n.role = $1 AND n.about = (SELECT about FROM noise WHERE run_id = $2 AND role = $1)
		ORDER BY n.run_id DESC LIMIT $3 OFFSET $4)`, noiseLearnt, runID, most, noiseKept)
	if err == nil {
		_, err = tx.exec(ctx, `DELETE FROM noise WHERE run_id = $1 AND role = $2`, runID, noiseKnown)
	}
	return err
}

// DeleteNotices deletes what deliveries of old events told, so many at most. The events
// stay, with their texts.
func (tx *Tx) DeleteNotices(ctx context.Context, before time.Time, most int) (int, error) {
	n, err := tx.exec(ctx, `UPDATE events SET notice = NULL WHERE notice IS NOT NULL AND id IN (
		SELECT e.id FROM events e WHERE e.notice IS NOT NULL AND e.at < $1
		AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = e.id AND `+openDelivery+`)
		ORDER BY e.at, e.id LIMIT $2)`, millis(before), most)
	return int(n), err
}

// DeleteHolds deletes holds that were released or ran out before a time, so many at most.
// Events say that they were there.
func (tx *Tx) DeleteHolds(ctx context.Context, before time.Time, most int) (int, error) {
	n, err := tx.exec(ctx, `DELETE FROM holds WHERE id IN (SELECT id FROM holds WHERE released_at < $1 OR until < $1 LIMIT $2)`, millis(before), most)
	return int(n), err
}

// LongRun is a run with looks to thin.
type LongRun struct {
	ID      string
	Thinned int // the looks up to this number have been
	Looks   int // taken so far
}

// LongRuns returns the runs with more looks than so many since they were last thinned: of
// those that run, and of those that ended since a time.
func (s *Store) LongRuns(ctx context.Context, more int, since time.Time) ([]LongRun, error) {
	rs, err := s.db.reader().query(ctx, `SELECT id, looks_thinned, looks FROM runs WHERE status = 'running' AND looks - looks_thinned > $1
		UNION ALL SELECT id, looks_thinned, looks FROM runs WHERE evidence_deleted_at IS NULL AND finished_at >= $2 AND looks - looks_thinned > $1`,
		more, millis(since))
	all, err := collect(rs, err, func(rs rows) (r LongRun, err error) {
		err = rs.Scan(&r.ID, &r.Thinned, &r.Looks)
		return r, err
	})
	return all, s.trouble("look for long runs", err)
}

// Verdicts returns what a run's looks said whose numbers lie in from < number <= to, in
// their order, so many at most; before them the one that stands before them.
func (s *Store) Verdicts(ctx context.Context, runID string, from, to, most int) ([]analysis.Look, error) {
	rs, err := s.db.reader().query(ctx, `SELECT number, verdict FROM looks WHERE run_id = $1 AND number <= $3
		AND number >= (SELECT coalesce(max(number), 0) FROM looks WHERE run_id = $1 AND number <= $2) ORDER BY number LIMIT $4`, runID, from, to, most+1)
	ls, err := collect(rs, err, func(rs rows) (l analysis.Look, err error) {
		var verdict string
		if err := rs.Scan(&l.Number, &verdict); err != nil {
			return l, err
		}
		return l, unsqueeze(verdict, &l.Verdict)
	})
	return ls, s.trouble("read looks", err)
}

// ThinLooks deletes looks of a run, and notes up to which number it has been thinned. The
// samples that they fetched stay. The run's revision does too: a look at hand is not
// disturbed.
func (tx *Tx) ThinLooks(ctx context.Context, runID string, numbers []int, until int) error {
	for _, n := range numbers {
		if _, err := tx.exec(ctx, `DELETE FROM looks WHERE run_id = $1 AND number = $2`, runID, n); err != nil {
			return err
		}
	}
	_, err := tx.exec(ctx, `UPDATE runs SET looks_thinned = $2 WHERE id = $1 AND looks_thinned < $2`, runID, until)
	return err
}
