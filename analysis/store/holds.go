package store

import (
	"context"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

const holdColumns = `id, kind, service, environment, reason, by_whom, at, until, released_at, released_by`

// InsertHold engages a hold.
func (tx *Tx) InsertHold(ctx context.Context, h *analysis.Hold) error {
	_, err := tx.exec(ctx, `INSERT INTO holds (`+holdColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		h.ID, string(h.Kind), h.Service, h.Environment, h.Reason, toJSON(h.By), millis(h.At), optMillis(h.Until),
		optMillis(h.ReleasedAt), optJSON(h.ReleasedBy))
	return err
}

// ReleaseHold ends a hold: NotFound when none of this id is in force.
func (tx *Tx) ReleaseHold(ctx context.Context, id string, at time.Time, by analysis.Cause) (analysis.Hold, error) {
	rs, err := tx.t.query(ctx, `UPDATE holds SET released_at = $2, released_by = $3 WHERE id = $1 AND released_at IS NULL RETURNING `+holdColumns,
		id, millis(at), toJSON(by))
	h, ok, err := first(rs, err, scanHold)
	if err == nil && !ok {
		err = analysis.Errorf(analysis.NotFound, "hold %s: not in force", id)
	}
	return h, err
}

// Holds returns the holds that nobody has released, oldest first; some may have
// run out.
func (tx *Tx) Holds(ctx context.Context) ([]analysis.Hold, error) { return holds(ctx, tx.t) }

// Holds returns the holds that nobody has released, oldest first; some may have
// run out.
func (s *Store) Holds(ctx context.Context) ([]analysis.Hold, error) {
	hs, err := holds(ctx, s.db.reader())
	return hs, s.trouble("list holds", err)
}

func holds(ctx context.Context, q queryer) ([]analysis.Hold, error) {
	rs, err := q.query(ctx, `SELECT `+holdColumns+` FROM holds WHERE released_at IS NULL ORDER BY id`)
	return collect(rs, err, scanHold)
}

func scanHold(rs rows) (h analysis.Hold, err error) {
	var kind, by string
	var at int64
	var until, released *int64
	var releasedBy *string
	if err := rs.Scan(&h.ID, &kind, &h.Service, &h.Environment, &h.Reason, &by, &at, &until, &released, &releasedBy); err != nil {
		return h, err
	}
	h.Kind, h.At, h.Until, h.ReleasedAt = analysis.HoldKind(kind), fromMillis(at), optTime(until), optTime(released)
	if err := fromJSON(by, &h.By); err != nil {
		return h, err
	}
	h.ReleasedBy, err = fromOptJSON[analysis.Cause](releasedBy)
	return h, err
}
