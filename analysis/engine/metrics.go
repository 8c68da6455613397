package engine

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/store"
)

// metrics are what /metrics shows of the engine.
type metrics struct {
	runs, looks, sources, questions, deliveries, rollbacks, verifications, repaired, ticks, deleted                          *prometheus.CounterVec
	openRuns, openDeliveries, holds, configInfo, circuits, budgetLimit, budgetLeft, budgetReset, precision, recall, feedback *prometheus.GaugeVec
	sourceSeconds                                                                                                            *prometheus.HistogramVec
	attemptSeconds, times                                                                                                    *prometheus.HistogramVec
	lookLag, lookSeconds, judgeSeconds, deliveryLatency                                                                      prometheus.Histogram
	overdue, lastLook, configMismatch, clockAhead                                                                            prometheus.Gauge
}

var seconds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2, 5, 10, 20, 60}

func newMetrics(reg prometheus.Registerer) *metrics {
	if reg == nil {
		reg = prometheus.NewRegistry()
	}
	f := promauto.With(reg)
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return f.NewCounterVec(prometheus.CounterOpts{Namespace: "haldane", Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return f.NewGaugeVec(prometheus.GaugeOpts{Namespace: "haldane", Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return f.NewHistogramVec(prometheus.HistogramOpts{Namespace: "haldane", Name: name, Help: help, Buckets: buckets}, labels)
	}
	one := func(h *prometheus.HistogramVec) prometheus.Histogram {
		return h.WithLabelValues().(prometheus.Histogram)
	}
	return &metrics{
		runs:           counter("runs_total", "Runs that ended, by plan and by outcome, or cancelled or superseded.", "plan", "outcome"),
		looks:          counter("looks_total", "Looks that were taken, by the verdict's outcome.", "outcome"),
		sources:        counter("source_requests_total", "Questions to sources, by outcome: ok or the kind of trouble; those to one that is left alone count as unavailable.", "source", "outcome"),
		questions:      counter("source_questions_total", "Questions of looks to sources: asked, or shared with another run that asked the same.", "source", "how"),
		circuits:       gauge("source_left_alone", "1 while a source is not asked because it did not answer several times in a row.", "source"),
		budgetLimit:    gauge("source_budget_limit", "Requests that a source's server allows in a period.", "source", "limit"),
		budgetLeft:     gauge("source_budget_remaining", "Requests that are left of it.", "source", "limit"),
		budgetReset:    gauge("source_budget_reset_timestamp_seconds", "When the next period begins.", "source", "limit"),
		precision:      gauge("verdict_precision", "Share of failures that were right, as people said, by plan; metric is empty for the whole plan.", "plan", "metric"),
		recall:         gauge("verdict_recall", "Share of bad releases that were failed, as people said, by plan.", "plan"),
		feedback:       gauge("verdict_feedback", "Verdicts that people called right or wrong, or were unsure about, by plan.", "plan", "right"),
		deliveries:     counter("deliveries_total", "Deliveries that ended, by action and outcome: done, failed or skipped.", "action", "outcome"),
		rollbacks:      counter("rollbacks_total", "Changes of a rollback's state, by plan and new state.", "plan", "state"),
		verifications:  counter("verifications_total", "Rollbacks whose effect was watched, by plan and by what was seen.", "plan", "state"),
		repaired:       counter("repaired_total", "What the reconciler found that nothing would have gone on with: runs, deliveries, rollbacks, and jobs of replicas that are gone.", "what"),
		deleted:        counter("retention_deleted_total", "What was deleted because it was older than keep says: evidence of runs, notices, holds; and looks of long runs that said nothing new.", "what"),
		ticks:          counter("schedule_ticks_total", "Ticks of schedules, by plan and outcome: ok or the kind of trouble.", "plan", "outcome"),
		openRuns:       gauge("runs_open", "Runs that have not ended, by status.", "status"),
		openDeliveries: gauge("deliveries_open", "Deliveries that have not ended, by state.", "state"),
		holds:          gauge("holds", "Holds in force, by kind.", "kind"),
		configInfo:     gauge("config_info", "1 for the config in force.", "hash"),
		sourceSeconds:  histogram("source_request_duration_seconds", "Time a source took to answer, with its retries.", seconds, "source"),
		attemptSeconds: histogram("delivery_attempt_duration_seconds", "Time an attempt of a delivery took.", seconds, "action"),
		times: histogram("rollback_phase_seconds", "Of verified rollbacks, time to detect, to roll back and to recover.",
			[]float64{10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200}, "phase"),
		lookLag:     one(histogram("look_lag_seconds", "Time from when a look was due until it began.", seconds)),
		lookSeconds: one(histogram("look_duration_seconds", "Time a look took, until its verdict.", seconds)),
		judgeSeconds: one(histogram("judge_duration_seconds", "Time the judge took for a look.",
			[]float64{.00001, .00005, .0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5})),
		deliveryLatency: one(histogram("delivery_latency_seconds", "Time from an event until its delivery was done.",
			[]float64{.05, .1, .25, .5, 1, 2, 5, 10, 30, 60, 300, 600})),
		overdue:        gauge("runs_overdue", "Running runs whose look was due more than 30 seconds ago.").WithLabelValues(),
		lastLook:       gauge("last_look_timestamp_seconds", "When this replica last took a look.").WithLabelValues(),
		configMismatch: gauge("config_mismatch", "Other replicas that run with another config.").WithLabelValues(),
		clockAhead:     gauge("clock_ahead_seconds", "How far this machine's clock is ahead of the database's.").WithLabelValues(),
	}
}

// outcomeLabel is the table from errors to the label outcome.
func outcomeLabel(err error) string {
	if err == nil {
		return "ok"
	}
	return string(analysis.KindOf(err))
}

// config shows the config in force. The counters of its sources and actions begin
// at 0 with it: an alert sees a counter's first step only from there.
func (m *metrics) config(s *Setup) {
	m.configInfo.Reset()
	m.configInfo.WithLabelValues(s.Hash).Set(1)
	for name := range s.Actions {
		for _, state := range []analysis.DeliveryState{analysis.DeliveryDone, analysis.DeliveryFailed, analysis.DeliverySkipped} {
			m.deliveries.WithLabelValues(name, string(state))
		}
	}
	for name := range s.Sources {
		m.sources.WithLabelValues(name, outcomeLabel(nil))
		m.sources.WithLabelValues(name, string(analysis.Unavailable))
		m.circuit(name, false)
	}
}

func (m *metrics) ended(r *analysis.Run) {
	outcome := string(r.Status)
	if r.Outcome != nil {
		outcome = string(*r.Outcome)
	}
	m.runs.WithLabelValues(r.Plan, outcome).Inc()
	if r.Rollback.State != analysis.RollbackNone {
		m.rolledBack(r)
	}
}

func (m *metrics) rolledBack(r *analysis.Run) {
	if r.Drill {
		return
	}
	m.rollbacks.WithLabelValues(r.Plan, string(r.Rollback.State)).Inc()
}

func (m *metrics) verified(r *analysis.Run) {
	m.verifications.WithLabelValues(r.Plan, string(r.Verification.State)).Inc()
	for name, took := range map[string]*float64{"detect": r.Times.Detect, "roll_back": r.Times.RollBack, "recover": r.Times.Recover} {
		if took != nil {
			m.times.WithLabelValues(name).Observe(*took)
		}
	}
}

func (m *metrics) looked(l *analysis.Look) {
	m.looks.WithLabelValues(string(l.Verdict.Outcome)).Inc()
	m.lookLag.Observe(max(0, l.At.Sub(l.DueAt).Seconds()))
	m.lookSeconds.Observe(l.Took.Seconds())
	m.lastLook.Set(float64(l.At.UnixMilli()) / 1000)
}

// asked counts a round of questions.
func (m *metrics) asked(source string, took time.Duration, answers []analysis.Answer) {
	for _, a := range answers {
		m.sources.WithLabelValues(source, outcomeLabel(a.Err)).Inc()
	}
	m.sourceSeconds.WithLabelValues(source).Observe(took.Seconds())
}

func (m *metrics) circuit(source string, open bool) {
	v := 0.0
	if open {
		v = 1
	}
	m.circuits.WithLabelValues(source).Set(v)
}

func (m *metrics) attempted(d analysis.Delivery, took time.Duration, _ error) {
	m.attemptSeconds.WithLabelValues(d.Action).Observe(took.Seconds())
}

func (m *metrics) delivered(d *analysis.Delivery) {
	m.deliveries.WithLabelValues(d.Action, string(d.State)).Inc()
	if d.State == analysis.DeliveryDone && d.EndedAt != nil && d.EventType != analysis.EventMessagesDigest {
		m.deliveryLatency.Observe(d.EndedAt.Sub(d.CreatedAt).Seconds())
	}
}

func (m *metrics) open(c store.Counts) {
	for status, n := range c.Runs {
		m.openRuns.WithLabelValues(string(status)).Set(float64(n))
	}
	for state, n := range c.Deliveries {
		m.openDeliveries.WithLabelValues(string(state)).Set(float64(n))
	}
	m.overdue.Set(float64(c.Overdue))
}

func (m *metrics) inForce(hs []analysis.Hold) {
	count := map[analysis.HoldKind]int{analysis.HoldManual: 0, analysis.HoldManyServices: 0}
	for _, h := range hs {
		count[h.Kind]++
	}
	for kind, n := range count {
		m.holds.WithLabelValues(string(kind)).Set(float64(n))
	}
}

// budgets shows what is left of the sources' allowances.
func (m *metrics) budgets(s *Setup) {
	for name, source := range s.Sources {
		b, ok := source.Source.(analysis.Budgeter)
		if !ok {
			continue
		}
		for _, one := range b.Budgets() {
			m.budgetLimit.WithLabelValues(name, one.Name).Set(float64(one.Limit))
			m.budgetLeft.WithLabelValues(name, one.Name).Set(float64(one.Remaining))
			m.budgetReset.WithLabelValues(name, one.Name).Set(float64(one.Reset.Unix()))
		}
	}
}

// quality shows what people said of the verdicts.
func (m *metrics) quality(all []analysis.Quality) {
	for _, q := range all {
		if q.Precision != nil {
			m.precision.WithLabelValues(q.Plan, q.Metric).Set(*q.Precision)
		}
		if q.Metric != "" {
			continue
		}
		if q.Recall != nil {
			m.recall.WithLabelValues(q.Plan).Set(*q.Recall)
		}
		m.feedback.WithLabelValues(q.Plan, "yes").Set(float64(q.Right))
		m.feedback.WithLabelValues(q.Plan, "no").Set(float64(q.Wrong))
		m.feedback.WithLabelValues(q.Plan, "unsure").Set(float64(q.Unsure))
	}
}
