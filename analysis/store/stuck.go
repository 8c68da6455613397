package store

import (
	"context"
	"fmt"
	"time"
)

// What the reconciler looks for: rows that nothing would go on with. A crash leaves
// none of them, because rows and their jobs are written together; a job that River
// discarded does, and a person with SQL.

// lateBy is how much later than its row says a job may be due: one that failed is tried
// again up to 20 s later, and clocks differ.
const lateBy = time.Minute

// wakes is SQL that is true when the job j will wake its row up in time: it is not
// over, it is the one that the row says, and it is due when the row says. One that
// waits for River's leader to make it available has not waited for long.
func (s *Store) wakes(now time.Time, theOne, due string) string {
	return fmt.Sprintf(`j.id IS NOT NULL AND %s AND (j.state = 'running' OR %s <= %s + %d
		AND (j.state = 'available' OR j.state IN ('scheduled', 'retryable') AND %s > %d))`,
		theOne, s.db.dueAt(), due, lateBy.Milliseconds(), s.db.dueAt(), now.Add(-lateBy).UnixMilli())
}

// StuckRuns returns the runs that nothing will wake up: running ones, and those that
// are watched after their rollback, without a job for their next look.
func (s *Store) StuckRuns(ctx context.Context, now time.Time) ([]string, error) {
	wakes := s.wakes(now, `j.kind = 'look' AND j.queue = '`+looksQueue+`' AND j.args->>'run' = r.id AND CAST(j.args->>'look' AS TEXT) = CAST(r.next_look AS TEXT)`, `r.next_look_at`)
	rs, err := s.db.reader().query(ctx, `SELECT r.id FROM runs r LEFT JOIN river_job j ON j.id = r.job_id
		WHERE (r.status = 'running' OR r.next_look_at IS NOT NULL) AND (r.next_look_at IS NULL OR NOT (`+wakes+`))
		UNION SELECT id FROM runs WHERE `+recent(now)+` AND status IN ('finished', 'cancelled', 'superseded')
			AND (finished_at IS NULL OR next_look_at IS NULL AND verification LIKE '%"state":"watching"%')`)
	ids, err := collect(rs, err, scalar[string])
	return ids, s.trouble("look for stuck runs", err)
}

// FarRuns returns the runs whose next look is later than a time.
func (s *Store) FarRuns(ctx context.Context, after time.Time) ([]string, error) {
	rs, err := s.db.reader().query(ctx, `SELECT id FROM runs WHERE next_look_at > $1`, millis(after))
	ids, err := collect(rs, err, scalar[string])
	return ids, s.trouble("look for runs that wait for long", err)
}

// WaitingRuns returns the pending runs that are the next of their service, while it has
// no running one: what they waited for has ended.
func (s *Store) WaitingRuns(ctx context.Context) ([]string, error) {
	rs, err := s.db.reader().query(ctx, `SELECT p.id FROM runs p WHERE p.status = 'pending' AND NOT EXISTS (
		SELECT 1 FROM runs r WHERE r.service = p.service AND r.environment = p.environment
		AND (r.status = 'running' OR r.status = 'pending' AND r.id < p.id)) ORDER BY p.id`)
	ids, err := collect(rs, err, scalar[string])
	return ids, s.trouble("look for waiting runs", err)
}

// StuckRollbacks returns the runs whose rollback is said to be under way, while none of
// its deliveries is.
func (s *Store) StuckRollbacks(ctx context.Context, now time.Time) ([]string, error) {
	rs, err := s.db.reader().query(ctx, `SELECT r.id FROM runs r WHERE `+recent(now)+`
		AND r.rollback_state IN ('sending', 'held', 'awaiting_approval') AND NOT EXISTS (
			SELECT 1 FROM deliveries d WHERE d.run_id = r.id AND d.state IN ('pending', 'held', 'following'))`)
	ids, err := collect(rs, err, scalar[string])
	return ids, s.trouble("look for stuck rollbacks", err)
}

// StuckDeliveries returns the open deliveries that nothing will wake up: they have no
// job that does, and none of the same run and action goes before them.
func (s *Store) StuckDeliveries(ctx context.Context, now time.Time) ([]string, error) {
	// One that was made in the future waits for a clock that has gone back since.
	wakes := s.wakes(now, `j.kind = 'deliver' AND j.queue = '`+deliveriesQueue+`' AND j.args->>'delivery' = d.id`, `d.expires_at`)
	rs, err := s.db.reader().query(ctx, `SELECT d.id FROM deliveries d LEFT JOIN river_job j ON j.id = d.job_id
		WHERE d.state IN ('pending', 'held', 'following')
		AND (NOT (`+wakes+`) OR d.created_at > $1 AND j.state <> 'running' AND `+s.db.dueAt()+` > $1)
		AND (d.state = 'following' OR NOT EXISTS (SELECT 1 FROM deliveries b WHERE b.run_id = d.run_id AND b.action = d.action AND b.state IN ('pending', 'held')
			AND (b.created_at, b.event_id, b.step) < (d.created_at, d.event_id, d.step)))
		ORDER BY d.created_at, d.event_id, d.step`, millis(now.Add(lateBy)))
	ids, err := collect(rs, err, scalar[string])
	return ids, s.trouble("look for stuck deliveries", err)
}

// recent is SQL for the runs of the last two days, whose ids begin with the time they
// were made: what is not over by then is not worth reading every run for.
func recent(now time.Time) string {
	ms := fmt.Sprintf("%012x", now.Add(-48*time.Hour).UnixMilli())
	return fmt.Sprintf(`id > '%s-%s'`, ms[:8], ms[8:])
}
