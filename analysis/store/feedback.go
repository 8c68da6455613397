package store

import (
	"context"

	"github.com/haldane-dev/haldane/analysis"
)

// PutFeedback keeps what a person says of a finished run; a later word replaces an
// earlier one.
func (tx *Tx) PutFeedback(ctx context.Context, r *analysis.Run, f analysis.Feedback, badMetrics []string) error {
	_, err := tx.exec(ctx, `INSERT INTO feedback (run_id, who, answer, note, at, plan, outcome, metrics)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (run_id, who) DO UPDATE SET answer = excluded.answer, note = excluded.note, at = excluded.at`,
		r.ID, f.By.String(), string(f.Right), f.Note, millis(f.At), r.Plan, string(*r.Outcome), toJSON(badMetrics))
	return err
}

// Said is the last word on one run.
type Said struct {
	Plan    string
	Outcome analysis.Outcome
	Right   analysis.Answered
	Metrics []string // that were bad
}

// Said returns the last word that anybody said on each run.
func (s *Store) Said(ctx context.Context) ([]Said, error) {
	rs, err := s.db.reader().query(ctx, `SELECT f.plan, f.outcome, f.answer, f.metrics FROM feedback f
		WHERE NOT EXISTS (SELECT 1 FROM feedback g WHERE g.run_id = f.run_id AND (g.at > f.at OR g.at = f.at AND g.who > f.who))
		ORDER BY f.plan, f.run_id`)
	all, err := collect(rs, err, func(rs rows) (x Said, err error) {
		var outcome, right, metrics string
		if err := rs.Scan(&x.Plan, &outcome, &right, &metrics); err != nil {
			return x, err
		}
		x.Outcome, x.Right = analysis.Outcome(outcome), analysis.Answered(right)
		return x, fromJSON(metrics, &x.Metrics)
	})
	return all, s.trouble("read feedback", err)
}
