package store

import (
	"context"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// LockService makes transactions about one service wait for each other. Take it
// before any run of the service.
func (tx *Tx) LockService(ctx context.Context, service, environment string) error {
	_, err := tx.exec(ctx, `INSERT INTO services (service, environment, rev) VALUES ($1, $2, 1)
		ON CONFLICT (service, environment) DO UPDATE SET rev = services.rev + 1`, service, environment)
	return err
}

// Condemn remembers a version that failed.
func (tx *Tx) Condemn(ctx context.Context, r *analysis.Run, at time.Time) error {
	_, err := tx.exec(ctx, `INSERT INTO condemned (service, environment, version, run_id, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (service, environment, version) DO UPDATE SET run_id = excluded.run_id, at = excluded.at`,
		r.Service, r.Environment, r.Version, r.ID, millis(at))
	return err
}

// Pardon forgets that a version failed.
func (tx *Tx) Pardon(ctx context.Context, service, environment, version string) error {
	_, err := tx.exec(ctx, `DELETE FROM condemned WHERE service = $1 AND environment = $2 AND version = $3`, service, environment, version)
	return err
}

// Condemned returns the run by which a version was found bad.
func (tx *Tx) Condemned(ctx context.Context, service, environment, version string) (runID string, condemned bool, err error) {
	rs, err := tx.t.query(ctx, `SELECT run_id FROM condemned WHERE service = $1 AND environment = $2 AND version = $3`, service, environment, version)
	return first(rs, err, scalar[string])
}

// Schedule is when a plan's cron starts its next run.
type Schedule struct {
	Plan   string
	Spec   string
	NextAt time.Time
	LastAt *time.Time
	Note   string
}

// PutSchedule writes a plan's schedule.
func (tx *Tx) PutSchedule(ctx context.Context, s Schedule) error {
	_, err := tx.exec(ctx, `INSERT INTO schedules (plan, spec, next_at, last_at, note) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (plan) DO UPDATE SET spec = excluded.spec, next_at = excluded.next_at, last_at = excluded.last_at, note = excluded.note`,
		s.Plan, s.Spec, millis(s.NextAt), optMillis(s.LastAt), s.Note)
	return err
}

// DropSchedule forgets a plan that has none any more.
func (tx *Tx) DropSchedule(ctx context.Context, plan string) error {
	_, err := tx.exec(ctx, `DELETE FROM schedules WHERE plan = $1`, plan)
	return err
}

// Schedules returns all schedules.
func (s *Store) Schedules(ctx context.Context) ([]Schedule, error) {
	rs, err := s.db.reader().query(ctx, `SELECT plan, spec, next_at, last_at, note FROM schedules ORDER BY plan`)
	ss, err := collect(rs, err, scanSchedule)
	return ss, s.trouble("list schedules", err)
}

func scanSchedule(rs rows) (s Schedule, err error) {
	var next int64
	var last *int64
	err = rs.Scan(&s.Plan, &s.Spec, &next, &last, &s.Note)
	s.NextAt, s.LastAt = fromMillis(next), optTime(last)
	return s, err
}
