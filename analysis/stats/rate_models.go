package stats

import "math"

// A rateModel says how counts scatter beyond independent events: they come in bunches
// of about that size; each side's rate has a variance of its own (spread, of the
// logarithm of the two rates' ratio), in each step anew or, with drift, with that
// correlation from step to step.
type rateModel struct {
	bunch, spread, drift float64
	weight               float64
	// A model with busy > 0 weighs less where there are few events: weight v/(v+busy),
	// v being the mean information of a step. Wandering rates are not to be told there.
	busy float64
}

// The models and their weights were chosen by simulation, see measureRate in
// analysis/judge.
var rateModels = [rateCount]rateModel{
	{1, 0, 0, .68, 0},
	{1.5, 0, 0, .06, 0},
	{2.5, 0, 0, .05, 0},
	{5, 0, 0, .035, 0},
	{12, 0, 0, .02, 0},
	{40, 0, 0, .015, 0},
	{1, .01, 0, .03, 0},
	{1, .04, 0, .03, 0},
	{1, .12, 0, .02, 0},
	{1, .35, 0, .015, 0},
	{1, 1, 0, .012, 0},
	{1, 3, 0, .01, 0},
	{1, .01, .8, .015, 0},
	{1, .04, .9, .01, 10},
	{1, .16, .8, .01, 20},
}

// How many models there are: those of bunches come first, then those of spread, then
// those that drift.
const (
	rateBunches = 6
	rateStill   = 12
	rateDrifts  = 3
	rateCount   = rateStill + rateDrifts
)

// The effects beyond the limit, as factors on the odds, and how much each weighs.
var (
	rateFactors = [rateEffects]float64{1.06, 1.12, 1.22, 1.4, 1.75, 2.5, 4.5, 9, 25}
	rateWeights = [rateEffects]float64{.015, .04, .07, .105, .19, .20, .18, .14, .06}
)

// Constants of the mixture.
const (
	rateEffects = 9
	rateFirst   = 0.12    // weight of a change with the first step; the rest is spread over all later ones
	rateLasting = 3       // steps that a change must have lasted
	rateCut     = 8       // most that a step counts for where events are independent
	rateLeast   = 1.0 / 9 // of rateCut^2, for rates that scatter: their log ratio has no heavy tail
	rateTail    = 7       // parts of an onset's evidence below exp(-this) of the largest are left out
	rateNone    = 26      // parts of any other sum that would not change it
	rateLarge   = 1e100   // products of variances grow up to about this before their logarithm is taken
	rateDoubt   = 0.1     // least factor on a model's weight by what both sides' sum says
	rateCurt    = 1.5     // how much less that says where events are crowded, see rateNoise.crowding
)

// rateFacts are what follows from the constants.
type rateFacts struct {
	logFactor [rateEffects]float64
	excess    [rateEffects]float64 // factor - 1
	logBunch  [rateBunches]float64
	inverse   [rateBunches]float64
	cut       [rateBunches]float64
	logDoubt  float64
}

func newRateFacts() rateFacts {
	f := rateFacts{logDoubt: math.Log(rateDoubt)}
	for j, e := range rateFactors {
		f.logFactor[j], f.excess[j] = math.Log(e), e-1
	}
	for k := range rateBunches {
		f.logBunch[k] = math.Log(rateModels[k].bunch)
		f.inverse[k] = 1 / rateModels[k].bunch
		f.cut[k] = rateCut * math.Sqrt(f.inverse[k])
	}
	return f
}
