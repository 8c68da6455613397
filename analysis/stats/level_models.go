package stats

import "math"

// A levelModel is stationary noise: x[t] = phi x[t-1] + u[t] - theta u[t-1], with
// independent innovations u. theta 0 is first-order autocorrelation; theta near phi is
// white noise on a slow drift.
type levelModel struct {
	phi, theta float64
	// How much the models of the null weigh against each other, and those of the
	// alternative, without and with knowledge of the noise. Without it the alternative
	// leaves the slow noise out: among slow noise a change is not to be told by eye.
	null, change, known float64
}

// levelModels reach to a correlation time of about 25 values. The weights were chosen
// by simulation, see analysis/judge.
var levelModels = [...]levelModel{
	{0, 0, 0.5, 0.6, 1},
	{0.3, 0, 0.7, 0.8, 1},
	{0.55, 0, 1, 1, 1},
	{0.75, 0, 1.4, 0.4, 1},
	{0.88, 0, 1.4, 0, 1},
	{0.96, 0, 0.6, 0, 0.6},
	{0.96, 0.8, 0.45, 0, 0.2},
	{0.9, 0.6, 0.3, 0, 0.2},
}

const levelCount = len(levelModels)

// Constants of the mixture.
const (
	levelSlow   = 0.2  // each model weighs (1-phi)^levelSlow of the above
	levelJump   = 1.2  // and reach^levelJump of that for a change in mid-run
	levelSpread = 2.75 // prior sd of the shift, in sds of the noise
	levelFloor  = 0.02 // smallest sd of an innovation, in limits
	levelZero   = 1e-3 // the same when the limit is 0
	levelPrior  = 0.12 // sd of the noise at which the prior on the scale bends

	levelUnsteady       = 4    // factor on the scale from the onset on, in the second model
	levelUnsteadyWeight = 0.01 // of that second model
)

// modelFacts are what follows from a model.
type modelFacts struct {
	levelModel
	gain    float64 // variance of the noise over that of its innovations
	start   float64 // log density of the first value: -1/2 log gain
	reach   float64 // innovation that a step causes long after it: (1-phi)/(1-theta)
	prior   float64 // precision of the shift, in innovations: 1/(gain levelSpread^2)
	jump    float64 // log weight of a change in mid-run
	logNull float64 // log weights, normalised over the models
	logChange,
	logKnown float64
	most float64 // by what the alternative can weigh more than the null, a logarithm
}

func newModelFacts() [levelCount]modelFacts {
	var facts [levelCount]modelFacts
	var null, change, known float64
	for _, m := range levelModels {
		slow := math.Pow(1-m.phi, levelSlow)
		null, change, known = null+m.null*slow, change+m.change*slow, known+m.known*slow
	}
	for i, m := range levelModels {
		f := &facts[i]
		f.levelModel = m
		f.gain = 1 + (m.phi-m.theta)*(m.phi-m.theta)/(1-m.phi*m.phi)
		f.start = -math.Log(f.gain) / 2
		f.reach = (1 - m.phi) / (1 - m.theta)
		f.prior = 1 / (f.gain * levelSpread * levelSpread)
		f.jump = levelJump * math.Log(f.reach)
		slow := levelSlow * math.Log(1-m.phi)
		f.logNull = slow + math.Log(m.null/null)
		f.logChange = slow + math.Log(m.change/change)
		f.logKnown = slow + math.Log(m.known/known)
		f.most = max(f.logChange, f.logKnown) - f.logNull
	}
	return facts
}
