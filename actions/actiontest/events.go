package actiontest

import (
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// About returns a delivery of another event of run n, as an action that keeps a
// thread gets it: with the receipts of those before it. change, if it is not nil,
// works on a Notice and a Run of the delivery's own.
func About(n int, event analysis.EventType, change func(*analysis.Notice), earlier ...analysis.Receipt) analysis.Delivery {
	d := Delivery(n)
	run, notice := *d.Event.Notice.Run, *d.Event.Notice
	notice.Run = &run
	if change != nil {
		change(&notice)
	}
	d.Event.ID += "-" + string(event)
	d.EventID, d.ID = d.Event.ID, analysis.DeliveryID(d.Event.ID, d.Step)
	d.EventType, d.Event.Type, d.Event.Notice, d.Earlier = event, event, &notice, earlier
	return d
}

// Rollback makes a change for About: the run's rollback stands like this.
func Rollback(s analysis.RollbackState) func(*analysis.Notice) {
	return func(n *analysis.Notice) { n.Run.Rollback.State = s }
}

// Held makes a change for About: the event is that of a hold, and of no run.
func Held(d analysis.Delivery, kind analysis.HoldKind) analysis.Delivery {
	d.RunID, d.Event.RunID, d.Service, d.Event.Service = "", "", "", ""
	d.Event.Notice = &analysis.Notice{Hold: &analysis.Hold{
		ID: "hold-1", Kind: kind, Reason: "7 services failed at once", By: analysis.Haldane, At: d.Event.At,
	}}
	return d
}

// Told lists the types of events that may reach people.
func Told() []analysis.EventType {
	return []analysis.EventType{
		analysis.EventRunStarted, analysis.EventRunPassed, analysis.EventRunFailed, analysis.EventRunMarginal,
		analysis.EventRunInconclusive, analysis.EventRollbackVerified, analysis.EventRollbackNotRecovered,
		analysis.EventDeliveryFailed, analysis.EventHoldEngaged, analysis.EventHoldReleased, analysis.EventRunQueued,
		analysis.EventRunCancelled, analysis.EventRunSuperseded, analysis.EventSourceTroubled,
		analysis.EventSourceRecovered, analysis.EventRollbackRequested, analysis.EventRollbackUpdated,
		analysis.EventDeliveryDone, analysis.EventRollbackRefused, analysis.EventRunAcknowledged, analysis.EventMessagesDigest,
	}
}

// Verbose returns a delivery in which every text is as long as it can be, or holds
// what a channel could take for its own markup.
func Verbose(event analysis.EventType, text string, findings int) analysis.Delivery {
	d := About(1, event, func(n *analysis.Notice) {
		r := n.Run
		r.Service, r.Environment, r.Version, r.BaselineVersion, r.Reason = text, text, text, text, text
		r.ReleaseID, r.Phase, r.Cause.Who, r.Rollback.Reason, r.Rollback.To = text, text, text, text, text
		r.Links = map[string]string{text: "https://example.com/" + strings.Repeat("y", 1500)}
		n.Reason, n.Plan.Owner, n.Plan.Name, n.Plan.Severity, n.Plan.Service = text, text, text, text, text
		n.Plan.Labels = map[string]string{text: text}
		n.Failed = &analysis.FailedDelivery{Action: text, ChangesWorld: true, Attempts: 3, Error: text}
		f := n.Findings[0]
		f.Metric, f.Segment, f.Reason, f.Warnings = text, text, text, []string{text, text, text, text, text}
		n.Findings = nil
		for range findings {
			n.Findings = append(n.Findings, f)
		}
	})
	d.Event.Text, d.Event.Who, d.Event.Service, d.Event.Environment = text, analysis.Cause{Kind: "api", Who: text}, text, text
	return d
}

// Long are texts for Verbose that no channel has room for.
func Long() []string {
	return []string{
		strings.Repeat("x", 20_000), strings.Repeat("<&>", 7_000), strings.Repeat(`"\`, 9_000), strings.Repeat("é \U0001F534", 5_000), "a\x00b\xffc",
	}
}

// Done performs a delivery that must go well.
func Done(t *testing.T, a analysis.Action, d analysis.Delivery) analysis.Receipt {
	t.Helper()
	r, err := a.Perform(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if r.At.IsZero() || r.Text == "" {
		t.Errorf("receipt %+v does not say when and what", r)
	}
	return r
}

// Evident gives a notice the samples that its verdict rests on, so that there is a picture
// to draw.
func Evident(n *analysis.Notice) {
	pair := analysis.Pair{Metric: "errors", Start: n.Run.StartedAt, Step: time.Minute}
	for i := range 9 {
		pair.Canary.Values = append(pair.Canary.Values, float64(50+i))
		pair.Baseline.Values = append(pair.Baseline.Values, float64(1+i%2))
		pair.Canary.Totals = append(pair.Canary.Totals, 1000)
		pair.Baseline.Totals = append(pair.Baseline.Totals, 1000)
	}
	n.Evidence = &analysis.Evidence{Pairs: []analysis.Pair{pair}, Plan: analysis.Plan{
		Judge: analysis.JudgeSequential, Step: analysis.Duration(time.Minute), Baseline: analysis.Baseline{Kind: analysis.BaselineVersion},
		Metrics: []analysis.Metric{{Name: "errors", Kind: analysis.Ratio, Direction: analysis.Increase}},
	}}
}
