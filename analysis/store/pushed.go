package store

import (
	"context"

	"github.com/haldane-dev/haldane/analysis"
)

// Push keeps a sample of a run. It returns the sample that is kept under the same name
// already, or nil when there was none.
func (tx *Tx) Push(ctx context.Context, runID string, p *analysis.PushedSample, by analysis.Cause) (*analysis.PushedSample, error) {
	n, err := tx.exec(ctx, `INSERT INTO pushed (run_id, metric, segment, side, at, value, total, by_whom)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (run_id, metric, segment, side, at) DO NOTHING`,
		runID, p.Metric, p.Segment, p.Side, millis(p.Time), p.Value, p.Total, by.String())
	if err != nil || n == 1 {
		return nil, err
	}
	rs, err := tx.t.query(ctx, `SELECT `+pushedColumns+` FROM pushed
		WHERE run_id = $1 AND metric = $2 AND segment = $3 AND side = $4 AND at = $5`, runID, p.Metric, p.Segment, p.Side, millis(p.Time))
	kept, _, err := first(rs, err, scanPushed)
	return &kept, err
}

// HasPushed reports whether a run has samples of this sender already.
func (tx *Tx) HasPushed(ctx context.Context, runID string, by analysis.Cause) (bool, error) {
	rs, err := tx.t.query(ctx, `SELECT count(*) FROM (SELECT 1 FROM pushed WHERE run_id = $1 AND by_whom = $2 LIMIT 1) AS sent`, runID, by.String())
	n, _, err := first(rs, err, scalar[int])
	return n > 0, err
}

// CountPushed counts the samples that were pushed to a run.
func (tx *Tx) CountPushed(ctx context.Context, runID string) (int, error) {
	rs, err := tx.t.query(ctx, `SELECT count(*) FROM pushed WHERE run_id = $1`, runID)
	n, _, err := first(rs, err, scalar[int])
	return n, err
}

// Pushed returns the samples that were pushed to a run, by time.
func (s *Store) Pushed(ctx context.Context, runID string) ([]analysis.PushedSample, error) {
	rs, err := s.db.reader().query(ctx, `SELECT `+pushedColumns+` FROM pushed WHERE run_id = $1
		ORDER BY at, metric, segment, side`, runID)
	ps, err := collect(rs, err, scanPushed)
	return ps, s.trouble("read pushed samples", err)
}

const pushedColumns = `metric, segment, side, at, value, total`

func scanPushed(rs rows) (p analysis.PushedSample, err error) {
	var at int64
	err = rs.Scan(&p.Metric, &p.Segment, &p.Side, &at, &p.Value, &p.Total)
	p.Time = fromMillis(at)
	return p, err
}
