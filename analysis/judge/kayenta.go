package judge

import (
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/stats"
)

// kayentaName is how upstream's judge signs its results.
const kayentaName = "NetflixACAJudge-v1.0"

// Kayenta judges the body of Kayenta's remote-judge call as upstream's judge
// NetflixACAJudge-v1.0 does: the same labels, reasons, flags, scores, and the same
// statistics to the last bit. What upstream answers with an exception, a setting of
// the wrong type for instance, is an error here that names the metric and the
// setting.
//
// One thing differs on purpose. When each side holds a single distinct value,
// upstream adds random noise, so that its answer varies from run to run; here the
// difference of the two values is taken as the shift, with an interval of no width,
// and nothing is random. Ratios then differ from upstream's in about the fifth
// digit, labels only where upstream's own are a matter of luck. See
// KayentaRule.Classify.
//
// This is the judge for comparing with Kayenta. Its rule has weaknesses that are
// kept on purpose, above all: the interval is meaningless for values of about 1e-4
// and below, autocorrelation makes it fail good releases, and a metric whose
// classification fails counts as if it had passed.
func Kayenta(req KayentaRequest) (KayentaResult, error) {
	if err := req.check(); err != nil {
		return KayentaResult{}, err
	}
	j := kayentaJudge{metrics: make(map[string]*kayentaMetric, len(req.CanaryConfig.Metrics))}
	for i := range req.CanaryConfig.Metrics {
		m := &req.CanaryConfig.Metrics[i]
		if j.metrics[m.Name] == nil { // the first of a name wins
			j.metrics[m.Name] = &kayentaMetric{config: m}
		}
	}
	res := KayentaResult{JudgeName: kayentaName, Results: make([]KayentaMetricResult, len(req.MetricSetPairList))}
	for i := range req.MetricSetPairList {
		var err error
		if res.Results[i], err = j.judge(&req.MetricSetPairList[i]); err != nil {
			return KayentaResult{}, err
		}
	}
	weights := make(map[string]float64, len(req.CanaryConfig.Classifier.GroupWeights))
	for g, w := range req.CanaryConfig.Classifier.GroupWeights {
		weights[g] = float64(w)
	}
	var err error
	res.Score, res.GroupScores, err = KayentaScores(res.Results, weights)
	res.Score.Classification = req.ScoreThresholds.label(float64(res.Score.Score))
	return res, err
}

// check refuses what upstream's judge cannot work with.
func (req *KayentaRequest) check() error {
	missing := func(field string) error {
		return analysis.Errorf(analysis.Invalid, "kayenta judgement: %s is missing", field)
	}
	switch {
	case req.CanaryConfig == nil:
		return missing("canaryConfig")
	case req.CanaryConfig.Classifier == nil:
		return missing("canaryConfig.classifier")
	case req.ScoreThresholds == nil || req.ScoreThresholds.Pass == nil:
		return missing("scoreThresholds.pass")
	case req.ScoreThresholds.Marginal == nil:
		return missing("scoreThresholds.marginal")
	case req.MetricSetPairList == nil:
		return missing("metricSetPairList")
	}
	return nil
}

// kayentaJudge is the state of one judgement: what was read of the metrics so far,
// and the buffers that all pairs share.
type kayentaJudge struct {
	metrics          map[string]*kayentaMetric
	ranks            stats.MannWhitney
	canary, baseline []float64
}

// kayentaMetric is a metric's config with its rule, read when first needed: the
// settings of a metric without pairs are never looked at.
type kayentaMetric struct {
	config *KayentaMetric
	rule   KayentaRule
	read   bool
}

func (j *kayentaJudge) judge(p *KayentaPair) (KayentaMetricResult, error) {
	fail := func(why string) (KayentaMetricResult, error) {
		return KayentaMetricResult{}, analysis.Errorf(analysis.Invalid, "kayenta judgement: metric %q: %s", p.Name, why)
	}
	m := j.metrics[p.Name]
	switch {
	case m == nil:
		return fail("not in canaryConfig.metrics")
	case p.Values.Control == nil:
		return fail("values.control is missing")
	case p.Values.Experiment == nil:
		return fail("values.experiment is missing")
	}
	if !m.read {
		rule, err := m.config.AnalysisConfigurations.Rule()
		if err != nil {
			return fail(err.Error())
		}
		m.rule, m.read = rule, true
	}
	j.canary = m.rule.Transform(j.canary[:0], p.Values.Experiment)
	j.baseline = m.rule.Transform(j.baseline[:0], p.Values.Control)
	c := m.rule.Classify(&j.ranks, p.Name, j.canary, j.baseline)

	res := KayentaMetricResult{
		Name: p.Name, ID: p.ID, Tags: p.Tags, Groups: m.config.Groups,
		Classification: c.Label, ClassificationReason: c.Reason,
		Critical: c.Critical, Muted: m.rule.Muted,
	}
	if res.Groups == nil {
		res.Groups = []string{}
	}
	res.ExperimentMetadata.Stats = kayentaStats(c.Canary)
	res.ControlMetadata.Stats = kayentaStats(c.Baseline)
	if c.Label != KayentaError {
		res.ResultMetadata = &KayentaResultMetadata{Ratio: KayentaNumber(c.Ratio)}
	}
	return res, nil
}

func kayentaStats(s stats.Summary) KayentaStats {
	return KayentaStats{
		Count: s.Count, Mean: KayentaNumber(s.Mean), Min: KayentaNumber(s.Min),
		Std: KayentaNumber(s.StdDev), Max: KayentaNumber(s.Max),
	}
}
