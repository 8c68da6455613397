package chart

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/haldane-dev/haldane/analysis"
)

// Records are where a run's verdicts and samples can be read.
type Records interface {
	Looks(ctx context.Context, runID string) ([]analysis.Look, error)
	analysis.SampleReader
}

// Read makes the pictures of a run's metric and segment, as Choose does, from what was
// recorded. That there is no such metric or segment is NotFound.
func Read(ctx context.Context, from Records, run *analysis.Run, metric, segment string) ([]Picture, error) {
	looks, err := from.Looks(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	pairs, err := from.Pairs(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	var findings []analysis.Finding
	if n := len(looks); n > 0 {
		findings = looks[n-1].Verdict.Findings
	}
	ps := Choose(run, pairs, findings, metric, segment)
	if len(ps) == 0 {
		return nil, analysis.Errorf(analysis.NotFound, "picture: this run has no %s", wanted(metric, segment)).
			WithHint("the run's findings name its metrics and segments")
	}
	return ps, nil
}

// wanted names what was asked for, by a stranger perhaps.
func wanted(metric, segment string) string {
	switch {
	case segment == "" && metric == "":
		return "metrics"
	case segment == "":
		return fmt.Sprintf("metric %.100q", plain(metric))
	case metric == "":
		return fmt.Sprintf("segment %.100q", plain(segment))
	}
	return fmt.Sprintf("metric %.100q with segment %.100q", plain(metric), plain(segment))
}

// Tag changes when the pictures of a run may: with what was recorded of it, and with
// the program that draws.
func Tag(run *analysis.Run, version string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", run.ID, run.Rev, version))
	return hex.EncodeToString(sum[:8])
}
