package actiontest

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Delivery returns a delivery as the engine makes them: of a run that failed, and
// is being rolled back. Different numbers are of different runs.
func Delivery(n int) analysis.Delivery {
	at := time.Date(2026, 3, 4, 3, 0, 0, 123_000_000, time.UTC)
	outcome, score := analysis.OutcomeFail, 50.0
	finished := at
	run := analysis.Run{
		ID: fmt.Sprintf("01970000-0000-7000-8000-%012d", n), Plan: "checkout", Service: "checkout", Environment: "production",
		Key: "checkout/production/1.4.2/1.4.1", Attempt: 1, Subject: analysis.Subject{Kind: "version"},
		Version: "1.4.2", BaselineVersion: "1.4.1", Links: map[string]string{"commit": "https://git.example.com/c/1"},
		StartedAt: at.Add(-10 * time.Minute), EndsAt: at.Add(20 * time.Minute), FinishedAt: &finished,
		Status: analysis.StatusFinished, Outcome: &outcome, Score: &score, Reason: "errors rose from 0.1 % to 5 %",
		Progress: analysis.Progress{Looks: 12, LooksExpected: 60, Samples: 9, Fraction: 0.33},
		URL:      "https://haldane.example.com/runs/1", Cause: analysis.Cause{Kind: "api", Who: "ci"},
		Rollback:     analysis.Rollback{State: analysis.RollbackSending, From: "1.4.2", To: "1.4.1"},
		Verification: analysis.Verification{State: "none"},
	}
	event := analysis.Event{
		ID: fmt.Sprintf("01970000-0000-7000-9000-%012d", n), RunID: run.ID, Service: run.Service, Environment: run.Environment,
		At: at, Type: analysis.EventRunFailed, Who: analysis.Haldane, Text: "the run failed",
		Notice: &analysis.Notice{
			Run: &run, Rollback: &analysis.RollbackTarget{From: "1.4.2", To: "1.4.1"}, Reason: run.Reason,
			Findings: findings(), Runbook: "https://runbooks.example.com/checkout", Report: run.URL,
			Plan: analysis.PlanFacts{
				Name: "checkout", Service: "checkout", Environment: "production", Owner: "team-checkout",
				Severity: "critical", Labels: map[string]string{"tier": "1"}, Judge: analysis.JudgeSequential,
			},
		},
	}
	return analysis.Delivery{
		ID: analysis.DeliveryID(event.ID, "fail/0"), RunID: run.ID, EventID: event.ID, EventType: event.Type,
		Step: "fail/0", Action: "exercised", ChangesWorld: true, State: analysis.DeliveryPending, Attempts: 1,
		CreatedAt: at, ExpiresAt: at.Add(10 * time.Minute), Event: event,
		Service: run.Service, Environment: run.Environment,
	}
}

// findings are one bad metric and one that is fine.
func findings() []analysis.Finding {
	number := func(x float64) *analysis.Number { return analysis.Number(x).Ptr() }
	return []analysis.Finding{{
		Metric: "errors", Group: "errors", Critical: true, Class: analysis.ClassHigh, Bad: true,
		Effect: number(49), Interval: &[2]analysis.Number{21, 80}, Evidence: number(12.5),
		Seen: number(0.05), Expected: number(0.001), Samples: analysis.SampleNote{Canary: 9, Baseline: 9},
		Reason:  "errors rose from 0.1 % to 5 %",
		Queries: &analysis.Queries{Canary: `sum(rate(errors{version="1.4.2"}[1m]))`},
		Link:    "https://prometheus.example.com/graph?g0.expr=errors",
	}, {
		Metric: "p99", Group: "latency", Class: analysis.ClassPass, Effect: number(0.01),
		Seen: number(0.101), Expected: number(0.1), Samples: analysis.SampleNote{Canary: 9, Baseline: 9},
		Reason: "p99 is as before",
	}}
}

func readAgain(body []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(body)) }
