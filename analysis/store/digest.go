package store

import (
	"context"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Told counts the messages that an action was given since a time; those that were skipped
// for a reason do not count.
func (tx *Tx) Told(ctx context.Context, action string, since time.Time, but string) (int, error) {
	rs, err := tx.t.query(ctx, `SELECT count(*) FROM deliveries WHERE action = $1 AND created_at > $2 AND changes_world = 0 AND reason <> $3`,
		action, millis(since), but)
	n, _, err := first(rs, err, scalar[int])
	return n, err
}

// DigestPlanned reports whether a digest of an action's messages waits to go out.
func (tx *Tx) DigestPlanned(ctx context.Context, action string) (bool, error) {
	rs, err := tx.t.query(ctx, `SELECT id FROM deliveries WHERE action = $1 AND event_type = 'messages.digest' AND state = 'pending' AND attempts = 0 LIMIT 1`, action)
	_, ok, err := first(rs, err, scalar[string])
	return ok, err
}

// Back is a message that was held back.
type Back struct {
	Type    analysis.EventType
	Service string
}

// HeldBack returns an action's messages since a time that were skipped for a reason.
func (tx *Tx) HeldBack(ctx context.Context, action string, since time.Time, why string) ([]Back, error) {
	rs, err := tx.t.query(ctx, `SELECT event_type, service FROM deliveries WHERE action = $1 AND created_at >= $2 AND state = 'skipped' AND reason = $3
		ORDER BY created_at, service, id`, action, millis(since), why)
	return collect(rs, err, func(rs rows) (b Back, err error) {
		var typ string
		err = rs.Scan(&typ, &b.Service)
		b.Type = analysis.EventType(typ)
		return b, err
	})
}

// FillEvent writes the text and the notice of an event whose words are only known when it
// is told.
func (tx *Tx) FillEvent(ctx context.Context, e *analysis.Event) error {
	_, err := tx.exec(ctx, `UPDATE events SET text = $2, notice = $3 WHERE id = $1`, e.ID, e.Text, optJSON(e.Notice))
	return err
}
