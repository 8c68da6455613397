package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// powerSeries are the samples that the noise is taken from.
type powerSeries struct {
	Name          string              `json:"name"`
	Kind          analysis.MetricKind `json:"kind"`
	Canary        analysis.Values     `json:"canary"`
	CanaryTotal   analysis.Values     `json:"canary_total"`
	Baseline      analysis.Values     `json:"baseline"`
	BaselineTotal analysis.Values     `json:"baseline_total"`
}

// powerLine is as much of a line for haldane judge as is of use here.
type powerLine struct {
	StepSeconds *float64      `json:"step_seconds"`
	Metrics     []powerSeries `json:"metrics"`
}

// model is the metric that the flags or the file describe.
func (c *powerCommand) model(s streams) (*powerModel, error) {
	m := &powerModel{
		change: float64(c.Change), tolerance: float64(c.Tolerance), alpha: float64(c.Rollbacks), step: c.Step,
		history: c.History, runs: c.Runs, longest: c.Longest, seed: c.Seed,
	}
	if c.File == "" {
		m.kind = analysis.MetricKind(c.Kind)
		m.rate = rateModel{Rate: c.Rate, Traffic: c.Traffic, Share: float64(c.Share)}
		return m, m.check()
	}
	series, err := c.read(s)
	if err != nil {
		return nil, err
	}
	m.step = c.Step
	if err := m.fit(series, float64(c.Share)); err != nil {
		return nil, err
	}
	return m, m.check()
}

func (c *powerCommand) read(s streams) (*powerSeries, error) {
	if c.File == "-" {
		return c.decode(s.in)
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return c.decode(f)
}

// decode reads numbers and arrays of them as one baseline, or the first line.
func (c *powerCommand) decode(r io.Reader) (*powerSeries, error) {
	series := &powerSeries{Kind: analysis.Gauge}
	d := json.NewDecoder(r)
	for {
		var raw json.RawMessage
		err := d.Decode(&raw)
		switch {
		case errors.Is(err, io.EOF):
			return series, nil
		case err != nil:
			return nil, analysis.Errorf(analysis.Invalid, "samples: not JSON: %v", err).WithHint("numbers, or an array of them, or a line as for haldane judge")
		case raw[0] == '{':
			return c.pick(raw)
		case raw[0] != '[':
			raw = append(append([]byte{'['}, raw...), ']')
		}
		var values analysis.Values
		if err := json.Unmarshal(raw, &values); err != nil {
			return nil, analysis.Errorf(analysis.Invalid, "samples: %v", err).WithHint("numbers, null for a gap")
		}
		series.Baseline = append(series.Baseline, values...)
	}
}

// pick takes one metric of a line.
func (c *powerCommand) pick(raw []byte) (*powerSeries, error) {
	var l powerLine
	if err := json.Unmarshal(raw, &l); err != nil {
		return nil, analysis.Errorf(analysis.Invalid, "line: %v", err)
	}
	if l.StepSeconds != nil && *l.StepSeconds >= 1 && *l.StepSeconds <= 366*24*60*60 {
		c.Step = time.Duration(*l.StepSeconds * float64(time.Second))
	}
	for i := range l.Metrics {
		if m := &l.Metrics[i]; m.Name == c.Metric || c.Metric == "" && len(l.Metrics) == 1 {
			if m.Kind == "" {
				m.Kind = analysis.Gauge
			}
			return m, nil
		}
	}
	if c.Metric == "" {
		return nil, analysis.Errorf(analysis.Invalid, "line: it has %s", counted(len(l.Metrics), "metric")).WithHint("--metric NAME for one of them")
	}
	return nil, analysis.Errorf(analysis.NotFound, "line: it has no metric %q", c.Metric)
}
