package store

import (
	"context"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

const deliveryColumns = `id, rev, run_id, event_id, event_type, step, action, changes_world, service, environment,
	state, reason, attempts, created_at, expires_at, ended_at, receipt, job_id, reaction`

// InsertDelivery adds a delivery. It reports false when its event has one at this
// step already.
func (tx *Tx) InsertDelivery(ctx context.Context, d *analysis.Delivery) (bool, error) {
	d.Rev = 1
	n, err := tx.exec(ctx, `INSERT INTO deliveries (`+deliveryColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
		ON CONFLICT (event_id, step) DO NOTHING`,
		d.ID, d.Rev, optText(d.RunID), d.EventID, string(d.EventType), d.Step, d.Action, toInt(d.ChangesWorld), d.Service, d.Environment,
		string(d.State), d.Reason, d.Attempts, millis(d.CreatedAt), millis(d.ExpiresAt), optMillis(d.EndedAt), optJSON(d.Receipt), d.JobID, toJSON(d.Reaction))
	return n == 1, err
}

// Delivery reads a delivery without its event: for what never changes of it.
func (tx *Tx) Delivery(ctx context.Context, id string) (analysis.Delivery, error) {
	ds, err := deliveries(ctx, tx.t, `WHERE id = $1`, id)
	if err != nil {
		return analysis.Delivery{}, err
	}
	if len(ds) == 0 {
		return analysis.Delivery{}, analysis.Errorf(analysis.NotFound, "delivery %s: not found", id)
	}
	return ds[0], nil
}

// LockDelivery reads a delivery, with its event, and keeps others from changing it
// until the transaction ends.
func (tx *Tx) LockDelivery(ctx context.Context, id string) (analysis.Delivery, error) {
	rs, err := tx.t.query(ctx, `UPDATE deliveries SET rev = rev + 1 WHERE id = $1 RETURNING `+deliveryColumns, id)
	d, ok, err := first(rs, err, scanDelivery)
	if err != nil {
		return d, err
	}
	if !ok {
		return d, analysis.Errorf(analysis.NotFound, "delivery %s: not found", id)
	}
	d.Event, err = event(ctx, tx.t, d.EventID)
	return d, err
}

// UpdateDelivery writes what can change of a delivery that this transaction has
// locked.
func (tx *Tx) UpdateDelivery(ctx context.Context, d *analysis.Delivery) error {
	n, err := tx.exec(ctx, `UPDATE deliveries SET state = $2, reason = $3, attempts = $4, ended_at = $5, receipt = $6, job_id = $7, expires_at = $8
		WHERE id = $1 AND rev = $9`,
		d.ID, string(d.State), d.Reason, d.Attempts, optMillis(d.EndedAt), optJSON(d.Receipt), d.JobID, millis(d.ExpiresAt), d.Rev)
	if err == nil && n != 1 {
		return analysis.Errorf(analysis.Internal, "delivery %s: written without being locked", d.ID)
	}
	return err
}

// MarkTried remembers when a delivery was first tried; later calls change nothing.
func (tx *Tx) MarkTried(ctx context.Context, id string, at time.Time) error {
	_, err := tx.exec(ctx, `UPDATE deliveries SET first_at = $2 WHERE id = $1 AND first_at IS NULL`, id, millis(at))
	return err
}

// DeliveriesOf returns a run's deliveries in the order they were made.
func (tx *Tx) DeliveriesOf(ctx context.Context, runID string) ([]analysis.Delivery, error) {
	return deliveriesOf(ctx, tx.t, runID)
}

// Deliveries returns a run's deliveries in the order they were made.
func (s *Store) Deliveries(ctx context.Context, runID string) ([]analysis.Delivery, error) {
	ds, err := deliveriesOf(ctx, s.db.reader(), runID)
	return ds, s.trouble("read deliveries", err)
}

func deliveriesOf(ctx context.Context, q queryer, runID string) ([]analysis.Delivery, error) {
	return deliveries(ctx, q, `WHERE run_id = $1 ORDER BY created_at, event_id, step`, runID)
}

func deliveries(ctx context.Context, q queryer, tail string, args ...any) ([]analysis.Delivery, error) {
	rs, err := q.query(ctx, `SELECT `+deliveryColumns+` FROM deliveries `+tail, args...)
	return collect(rs, err, scanDelivery)
}

// RollbacksSince counts the rollbacks of a service that were begun since a time,
// other than this event's and those of drills.
func (tx *Tx) RollbacksSince(ctx context.Context, service, environment, eventID string, since time.Time) (int, error) {
	rs, err := tx.t.query(ctx, `SELECT count(*) FROM (SELECT DISTINCT event_id FROM deliveries
		WHERE service = $1 AND environment = $2 AND first_at >= $3 AND changes_world = 1 AND event_id <> $4
		AND event_type IN ('run.failed', 'rollback.requested')
		AND (run_id IS NULL OR run_id IN (SELECT id FROM runs WHERE service = $1 AND environment = $2 AND `+noDrill+`))) AS begun`,
		service, environment, millis(since), eventID)
	n, _, err := first(rs, err, scalar[int])
	return n, err
}

// ChangingWorld reports whether something that changes the world is still to be done, or
// under way, for a service.
func (tx *Tx) ChangingWorld(ctx context.Context, service, environment string) (bool, error) {
	rs, err := tx.t.query(ctx, `SELECT count(*) FROM deliveries
		WHERE service = $1 AND environment = $2 AND changes_world = 1 AND state IN ('pending', 'held', 'following')`, service, environment)
	n, _, err := first(rs, err, scalar[int])
	return n > 0, err
}

// OpenDeliveries returns the ids of the deliveries in a state, oldest first.
func (s *Store) OpenDeliveries(ctx context.Context, state analysis.DeliveryState) ([]string, error) {
	rs, err := s.db.reader().query(ctx, `SELECT id FROM deliveries WHERE state = $1 ORDER BY created_at, id`, string(state))
	ids, err := collect(rs, err, scalar[string])
	return ids, s.trouble("list deliveries", err)
}

// OpenActions returns the names of the actions that have something to do.
func (s *Store) OpenActions(ctx context.Context) ([]string, error) {
	rs, err := s.db.reader().query(ctx, `SELECT DISTINCT action FROM deliveries WHERE state IN ('pending', 'held', 'following') ORDER BY action`)
	names, err := collect(rs, err, scalar[string])
	return names, s.trouble("list deliveries", err)
}

func scanDelivery(rs rows) (d analysis.Delivery, err error) {
	var run, receipt *string
	var typ, state, reaction string
	var world, created, expires int64
	var ended *int64
	err = rs.Scan(&d.ID, &d.Rev, &run, &d.EventID, &typ, &d.Step, &d.Action, &world, &d.Service, &d.Environment,
		&state, &d.Reason, &d.Attempts, &created, &expires, &ended, &receipt, &d.JobID, &reaction)
	if err != nil {
		return d, err
	}
	if run != nil {
		d.RunID = *run
	}
	d.EventType, d.State, d.ChangesWorld = analysis.EventType(typ), analysis.DeliveryState(state), world != 0
	d.CreatedAt, d.ExpiresAt, d.EndedAt = fromMillis(created), fromMillis(expires), optTime(ended)
	if d.Receipt, err = fromOptJSON[analysis.Receipt](receipt); err != nil {
		return d, err
	}
	return d, fromJSON(reaction, &d.Reaction)
}
