package main

import (
	"math"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/stats"
)

// powerModel is a metric that can be made up: what is known of it, and the change that
// is looked for.
type powerModel struct {
	kind  analysis.MetricKind
	level levelModel // gauges
	rate  rateModel  // the others

	change, tolerance, alpha float64
	step                     time.Duration
	history, runs, longest   int
	seed                     uint64
}

// levelModel is a gauge whose noise is first-order autocorrelated.
type levelModel struct {
	Level       float64 `json:"level"`
	Noise       float64 `json:"noise"` // sd of the difference of the sides: of logarithms, or by Unit
	Correlation float64 `json:"autocorrelation"`
	Unit        float64 `json:"unit,omitempty"` // mean without sign, where some values are not above 0; else 0
	Samples     int     `json:"samples"`
	BothSides   bool    `json:"both_sides"` // the difference was seen; else the sides are taken to share nothing
}

// rateModel is a ratio or count.
type rateModel struct {
	Rate    float64 `json:"rate"`
	Traffic float64 `json:"traffic"` // a step, of both sides
	Share   float64 `json:"share"`   // of the canary
	Spread  float64 `json:"spread"`  // variance of a random factor on each step's rate: over-dispersion
	Samples int     `json:"samples,omitempty"`
}

// limit is the largest change, in the direction of the one looked for, that is fine.
func (m *powerModel) limit() float64 {
	if m.change < 1 {
		return 1 - m.tolerance
	}
	return 1 + m.tolerance
}

func (m *powerModel) direction() analysis.Direction {
	if m.change < 1 {
		return analysis.Decrease
	}
	return analysis.Increase
}

func (m *powerModel) check() error {
	if m.kind == analysis.Ratio && m.rate.Rate*m.change > 1 {
		return analysis.Errorf(analysis.Invalid, "--change %s of %s is more than all events", changeOf(m.change), percentOf(m.rate.Rate))
	}
	return nil
}

// formulas answers for tests that know the noise.
func (m *powerModel) formulas() powerAnswer {
	a := powerAnswer{
		Kind: m.kind, Change: m.change, Tolerance: m.tolerance, FalseRollbackRate: m.alpha,
		StepSeconds: m.step.Seconds(), History: m.history,
	}
	fixed, each := m.fixedRate, m.rateInformation()
	if m.kind == analysis.Gauge {
		a.Level = &m.level
		fixed, each = m.fixedLevel, m.levelInformation()
	} else {
		a.Rate = &m.rate
	}
	for i, chance := range [...]float64{0.8, 0.95} {
		a.Chances[i] = powerChance{
			Chance: chance, Fixed: wholeSteps(fixed(chance)), AnyLook: wholeSteps(stats.SequentialInformation(m.alpha, chance) / each),
		}
	}
	return a
}

// wholeSteps rounds up; what is beyond all reason is 0, not known.
func wholeSteps(n float64) int {
	if !(n < 1e12) {
		return 0
	}
	return max(1, int(math.Ceil(n)))
}

// gap is how far the change is beyond the tolerance, on the scale of the noise.
func (m *powerModel) gap() float64 {
	if m.level.Unit > 0 {
		return m.change - m.limit()
	}
	return math.Log(m.change / m.limit())
}

func (m *powerModel) fixedLevel(chance float64) float64 {
	return stats.FixedMeanSize(m.gap(), m.level.Noise, m.level.Correlation, m.alpha, chance)
}

func (m *powerModel) levelInformation() float64 {
	return stats.MeanInformation(m.gap(), m.level.Noise, m.level.Correlation)
}

// rates are those that a test of the change beyond the tolerance compares: to ask
// whether the canary's is above limit times the baseline's is to ask whether it is above
// that of a baseline with limit times the rate and as much less traffic.
func (m *powerModel) rates() stats.TwoRates {
	r, limit := &m.rate, m.limit()
	return stats.TwoRates{
		Canary: r.Rate * m.change, Baseline: r.Rate * limit, Ratio: (1 - r.Share) / r.Share / limit,
		Poisson: m.kind == analysis.Count,
	}
}

// dispersion is by how much the variance of the canary's counts exceeds that of
// independent events.
func (m *powerModel) dispersion() float64 {
	return 1 + m.rate.Spread*m.rate.Rate*m.change*m.rate.Traffic*m.rate.Share
}

func (m *powerModel) fixedRate(chance float64) float64 {
	return m.rates().FixedSize(m.alpha, chance) * m.dispersion() / (m.rate.Traffic * m.rate.Share)
}

func (m *powerModel) rateInformation() float64 {
	return m.rates().Information() * m.rate.Traffic * m.rate.Share / m.dispersion()
}
