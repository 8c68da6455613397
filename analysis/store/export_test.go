package store

import "context"

// Seldom gives tests the log of the queue.
var Seldom = seldom

// Exec lets tests do damage.
func Exec(ctx context.Context, tx *Tx, text string, args ...any) error {
	_, err := tx.exec(ctx, text, args...)
	return err
}

// Text lets tests ask for one value.
func Text(ctx context.Context, tx *Tx, text string) (string, error) {
	rs, err := tx.t.query(ctx, text)
	v, _, err := first(rs, err, scalar[string])
	return v, err
}
