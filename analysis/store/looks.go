package store

import (
	"context"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// InsertLook records a look with the samples it fetched. It reports false when
// the run has a look of this number already.
func (tx *Tx) InsertLook(ctx context.Context, runID string, l *analysis.Look, fetched []Chunk) (bool, error) {
	n, err := tx.exec(ctx, `INSERT INTO looks (run_id, number, due_at, at, took_us, window_start, window_end, outcome, verdict)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (run_id, number) DO NOTHING`,
		runID, l.Number, millis(l.DueAt), millis(l.At), l.Took.Microseconds(), millis(l.Window.Start), millis(l.Window.End),
		string(l.Verdict.Outcome), squeeze(l.Verdict))
	if err != nil || n == 0 || len(fetched) == 0 {
		return n == 1, err
	}
	_, err = tx.exec(ctx, `INSERT INTO samples (run_id, look, data) VALUES ($1, $2, $3)`, runID, l.Number, pack(fetched))
	return true, err
}

// Samples returns what a run's looks after one and up to another have fetched, in their
// order.
func (s *Store) Samples(ctx context.Context, runID string, after, upTo int) ([]Chunk, error) {
	rs, err := s.db.reader().query(ctx, `SELECT data FROM samples WHERE run_id = $1 AND look > $2 AND look <= $3 ORDER BY look`, runID, after, upTo)
	texts, err := collect(rs, err, scalar[string])
	if err != nil {
		return nil, s.trouble("read samples", err)
	}
	var all []Chunk
	for _, text := range texts {
		chunks, err := unpack(text)
		if err != nil {
			return nil, s.trouble("read samples", err)
		}
		all = append(all, chunks...)
	}
	return all, nil
}

// Looks returns a run's looks in their order.
func (s *Store) Looks(ctx context.Context, runID string) ([]analysis.Look, error) {
	rs, err := s.db.reader().query(ctx, `SELECT number, due_at, at, took_us, window_start, window_end, verdict FROM looks
		WHERE run_id = $1 ORDER BY number`, runID)
	ls, err := collect(rs, err, func(rs rows) (l analysis.Look, err error) {
		var due, at, took, start, end int64
		var verdict string
		if err := rs.Scan(&l.Number, &due, &at, &took, &start, &end, &verdict); err != nil {
			return l, err
		}
		l.DueAt, l.At, l.Took = fromMillis(due), fromMillis(at), time.Duration(took)*time.Microsecond
		l.Window = analysis.Window{Start: fromMillis(start), End: fromMillis(end)}
		return l, unsqueeze(verdict, &l.Verdict)
	})
	return ls, s.trouble("read looks", err)
}

// LastFindings returns what a run's latest look found; none when there is none.
func (tx *Tx) LastFindings(ctx context.Context, runID string) ([]analysis.Finding, error) {
	return lastFindings(ctx, tx.t, runID)
}

// LastFindings returns what a run's latest look found; none when there is none.
func (s *Store) LastFindings(ctx context.Context, runID string) ([]analysis.Finding, error) {
	fs, err := lastFindings(ctx, s.db.reader(), runID)
	return fs, s.trouble("read the last look", err)
}

func lastFindings(ctx context.Context, q queryer, runID string) ([]analysis.Finding, error) {
	rs, err := q.query(ctx, `SELECT verdict FROM looks WHERE run_id = $1 ORDER BY number DESC LIMIT 1`, runID)
	text, ok, err := first(rs, err, scalar[string])
	if err != nil || !ok {
		return nil, err
	}
	var v analysis.Verdict
	err = unsqueeze(text, &v)
	return v.Findings, err
}
