package store

import (
	"context"

	"github.com/haldane-dev/haldane/analysis"
)

// Noise is kept with a run in two roles.
const (
	noiseLearnt = "learnt" // of a run that passed, for later ones
	noiseKnown  = "known"  // what a run knew when it began; fixed for all its looks
)

// Learn keeps what a run that passed taught about its metrics' noise. about names
// what was asked: only runs that ask the same can use it.
func (tx *Tx) Learn(ctx context.Context, runID, about string, noise []analysis.Noise) error {
	return tx.putNoise(ctx, runID, noiseLearnt, about, noise)
}

// Learnt returns what the latest runs that asked the same taught, oldest first. A run
// that passed and was rolled back all the same taught nothing.
func (tx *Tx) Learnt(ctx context.Context, about string, runs int) ([][]analysis.Noise, error) {
	rs, err := tx.t.query(ctx, `SELECT data FROM (
		SELECT n.run_id, n.data FROM noise n JOIN runs r ON r.id = n.run_id
		WHERE n.about = $1 AND n.role = $2 AND r.outcome = 'pass' AND r.rollback_state = 'none'
		ORDER BY n.run_id DESC LIMIT $3) AS latest ORDER BY run_id`, about, noiseLearnt, runs)
	texts, err := collect(rs, err, scalar[string])
	if err != nil {
		return nil, err
	}
	all := make([][]analysis.Noise, len(texts))
	for i, text := range texts {
		if err := fromJSON(text, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Know fixes what a run knows about its metrics' noise.
func (tx *Tx) Know(ctx context.Context, runID, about string, noise []analysis.Noise) error {
	return tx.putNoise(ctx, runID, noiseKnown, about, noise)
}

func (tx *Tx) putNoise(ctx context.Context, runID, role, about string, noise []analysis.Noise) error {
	_, err := tx.exec(ctx, `INSERT INTO noise (run_id, role, about, data) VALUES ($1, $2, $3, $4) ON CONFLICT (run_id, role) DO NOTHING`,
		runID, role, about, toJSON(noise))
	return err
}

// Known returns what a run knows about its metrics' noise; nil when that is nothing.
func (s *Store) Known(ctx context.Context, runID string) ([]analysis.Noise, error) {
	rs, err := s.db.reader().query(ctx, `SELECT data FROM noise WHERE run_id = $1 AND role = $2`, runID, noiseKnown)
	text, ok, err := first(rs, err, scalar[string])
	if err != nil || !ok {
		return nil, s.trouble("read the noise of earlier runs", err)
	}
	var noise []analysis.Noise
	return noise, s.trouble("read the noise of earlier runs", fromJSON(text, &noise))
}
