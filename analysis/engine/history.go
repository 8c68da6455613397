package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/judge"
	"github.com/haldane-dev/haldane/analysis/store"
)

// historyRuns is how many earlier good runs a run learns from at most.
const historyRuns = 20

// recallNoise fixes, when a run begins, what the good runs before it teach about the
// noise of its metrics. It never changes between the run's looks, so that its
// verdict stays a function of its samples.
func recallNoise(ctx context.Context, tx *store.Tx, r *analysis.Run) error {
	if r.Snapshot.Judge != analysis.JudgeSequential {
		return nil
	}
	about := asked(r)
	runs, err := tx.Learnt(ctx, about, historyRuns)
	if err != nil {
		return err
	}
	if known := judge.Pool(runs...); len(known) > 0 {
		return tx.Know(ctx, r.ID, about, known)
	}
	return nil
}

// knownNoise returns what was fixed for a run when it began.
func (e *Engine) knownNoise(ctx context.Context, r *analysis.Run) ([]analysis.Noise, error) {
	if r.Snapshot.Judge != analysis.JudgeSequential {
		return nil, nil
	}
	return e.store.Known(ctx, r.ID)
}

// keepNoise keeps what a run that passed teaches.
func keepNoise(ctx context.Context, tx *store.Tx, r *analysis.Run, pairs []analysis.Pair) error {
	if r.Snapshot.Judge != analysis.JudgeSequential {
		return nil
	}
	if learnt := judge.Learn(&r.Snapshot, pairs); len(learnt) > 0 {
		return tx.Learn(ctx, r.ID, asked(r), learnt)
	}
	return nil
}

// asked is a hash of everything that a run's samples depend on, but for its versions
// and its time: a plan whose queries change begins its history anew.
func asked(r *analysis.Run) string {
	type question struct {
		Metric, Source, Query, Total string
		Kind                         analysis.MetricKind
		Reduce                       analysis.Reduce
	}
	p := &r.Snapshot
	all := struct {
		Plan, Service, Environment string
		Step                       analysis.Duration
		Baseline                   analysis.Baseline
		Variables                  map[string]string
		Questions                  []question
	}{p.Name, p.Service, p.Environment, p.Step, p.Baseline, map[string]string{}, nil}
	maps.Copy(all.Variables, p.Vars)
	maps.Copy(all.Variables, r.Variables)
	for i := range p.Metrics {
		m := &p.Metrics[i]
		all.Questions = append(all.Questions, question{m.Name, m.Source, m.Query, m.Total, m.Kind, m.Reduce})
	}
	b, err := json.Marshal(all)
	if err != nil {
		panic("engine: " + err.Error()) // strings and numbers always encode
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
