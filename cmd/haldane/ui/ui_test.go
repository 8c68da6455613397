package ui

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// recorded is a house in which one run was recorded.
type recorded struct {
	analysis.Reader
	run    analysis.Run
	looks  []analysis.Look
	holds  []analysis.Hold
	broken error
}

func (r recorded) Run(_ context.Context, id string) (analysis.Run, error) {
	if id != r.run.ID {
		return analysis.Run{}, analysis.Errorf(analysis.NotFound, "run %s: not found", id)
	}
	return r.run, r.broken
}

func (r recorded) Runs(_ context.Context, f analysis.RunFilter) ([]analysis.Run, string, error) {
	if f.Cursor != "" || !f.Scope.Has(r.run.Plan) {
		return nil, "", r.broken
	}
	return []analysis.Run{r.run}, "next", r.broken
}

func (r recorded) Looks(context.Context, string) ([]analysis.Look, error) { return r.looks, nil }
func (r recorded) Holds(context.Context) ([]analysis.Hold, error)         { return r.holds, nil }
func (r recorded) Plans() []analysis.Plan                                 { return nil }
func (r recorded) Plan(string) (analysis.Plan, bool)                      { return analysis.Plan{}, false }

func (r recorded) Events(context.Context, string) ([]analysis.Event, error) {
	return []analysis.Event{{At: r.run.StartedAt, Type: analysis.EventRunStarted, Who: r.run.Cause, Text: "began"}}, nil
}

func (r recorded) Deliveries(context.Context, string) ([]analysis.Delivery, error) {
	return []analysis.Delivery{{Action: "undo", State: analysis.DeliveryDone, Receipt: &analysis.Receipt{Text: "<b>fine</b>"}}}, nil
}

func sample() recorded {
	fail, began := analysis.OutcomeFail, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ended := began.Add(12*time.Minute + 30*time.Second)
	score := 40.0
	r := recorded{run: analysis.Run{
		ID: "r1", Plan: "p", Service: "shop", Environment: "production", Version: `2"><script>alert(1)</script>`, BaselineVersion: "1",
		Status: analysis.StatusFinished, Outcome: &fail, Score: &score, Reason: "errors is 3 times as high", StartedAt: began, EndsAt: ended, FinishedAt: &ended,
		Rollback: analysis.Rollback{State: analysis.RollbackHeld, To: "1", Reason: "cap"}, Cause: analysis.Cause{Kind: "api", Who: "ci"},
		Links: map[string]string{"change": "javascript:alert(1)"}, Snapshot: analysis.Plan{Runbook: "https://runbooks.example.com/shop"},
	}}
	effect := analysis.Number(2)
	r.looks = []analysis.Look{{Number: 1, At: began, Verdict: analysis.Verdict{Findings: []analysis.Finding{{
		Metric: "errors", Class: analysis.ClassHigh, Bad: true, Effect: &effect, Interval: &[2]analysis.Number{1, analysis.Number(math.Inf(1))},
		Reason: "errors is 3 times as high", Warnings: []string{"partial answer"}, Queries: &analysis.Queries{Canary: "sum(x)"}, Link: "https://prom.example.com/graph",
	}}}}}
	return r
}

func get(t *testing.T, r recorded, method, path string, sees bool) *httptest.ResponseRecorder {
	t.Helper()
	p := New(Deps{Reader: r, Plans: r, Banner: func() string { return "The config is broken" }, Log: slog.New(slog.DiscardHandler), Version: "test"})
	w := httptest.NewRecorder()
	var scope analysis.Scope
	if !sees {
		scope = func(string) bool { return false }
	}
	p.Serve(w, httptest.NewRequest(method, path, nil), scope)
	return w
}

func TestRunPageExplainsTheVerdict(t *testing.T) {
	w := get(t, sample(), "GET", "/runs/r1", true)
	body := w.Body.String()
	for _, want := range []string{
		"The config is broken", "errors is 3 times as high", "held, to 1: cap", "after 12m30s", "https://runbooks.example.com/shop",
		"&#43;200.0 %", "100.0 % to &#43;Inf %", "partial answer", "sum(x)", "https://prom.example.com/graph", "run.started", "&lt;b&gt;fine&lt;/b&gt;",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	for _, never := range []string{"<script>", `href="javascript:`} {
		if strings.Contains(body, never) {
			t.Errorf("the page contains %q", never)
		}
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("policy %q", csp)
	}
}

func TestRunPageSaysWhatIsNotKept(t *testing.T) {
	thinned := sample()
	thinned.run.Progress.Looks = 700
	if body := get(t, thinned, "GET", "/runs/r1", true).Body.String(); !strings.Contains(body, "Of 700 looks, 1 are kept") {
		t.Error("the page does not say that looks are missing")
	}
	old := sample()
	old.looks = nil
	old.run.EvidenceDeletedAt = &old.run.EndsAt
	body := get(t, old, "GET", "/runs/r1", true).Body.String()
	if !strings.Contains(body, "Its looks and samples were deleted on 2026-01-02") || !strings.Contains(body, "errors is 3 times as high") {
		t.Errorf("the page of an old run: %s", body)
	}
	if body := get(t, sample(), "GET", "/runs/r1", true).Body.String(); strings.Contains(body, "kept") {
		t.Error("looks are missing, it says, of a run that has all")
	}
}

func TestListShowsRunsAndHolds(t *testing.T) {
	r := sample()
	r.holds = []analysis.Hold{{Service: "shop", Reason: "freeze", By: analysis.Cause{Who: "ann"}}}
	body := get(t, r, "GET", "/", true).Body.String()
	for _, want := range []string{`href="/runs/r1"`, "Rollbacks are held for shop by ann: freeze", "cursor=next"} {
		if !strings.Contains(body, want) {
			t.Errorf("the list does not show %q", want)
		}
	}
	r.holds = append(r.holds, analysis.Hold{Reason: "the platform is down", By: analysis.Cause{Who: "bob"}})
	if body := get(t, r, "GET", "/", false).Body.String(); strings.Contains(body, "freeze") || !strings.Contains(body, "the platform is down") {
		t.Errorf("who sees no plan of the shop does not see its hold, but that of everything: %s", body)
	}
	if body := get(t, r, "GET", "/?cursor=next", true).Body.String(); !strings.Contains(body, "No runs yet") {
		t.Error("an empty page says nothing")
	}
}

func TestPagesKeepTheirLimits(t *testing.T) {
	broken := sample()
	broken.broken = analysis.Errorf(analysis.Unavailable, "database: the disk is full")
	for name, c := range map[string]struct {
		r            recorded
		method, path string
		sees         bool
		status       int
		says         string
	}{
		"another team's run":  {sample(), "GET", "/runs/r1", false, http.StatusNotFound, "no such run"},
		"another team's list": {sample(), "GET", "/", false, http.StatusOK, "No runs yet"},
		"unknown run":         {sample(), "GET", "/runs/r2", true, http.StatusNotFound, "no such run"},
		"unknown page":        {sample(), "GET", "/nope", true, http.StatusNotFound, "no such page"},
		"writing":             {sample(), "POST", "/runs/r1", true, http.StatusMethodNotAllowed, "only be read"},
		"no database, run":    {broken, "GET", "/runs/r1", true, http.StatusServiceUnavailable, "the disk is full"},
		"no database, list":   {broken, "GET", "/", true, http.StatusServiceUnavailable, "the disk is full"},
		"style":               {sample(), "GET", "/style.css", true, http.StatusOK, "--bg"},
	} {
		t.Run(name, func(t *testing.T) {
			if w := get(t, c.r, c.method, c.path, c.sees); w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
		})
	}
}

func TestNumbersAreShort(t *testing.T) {
	for in, want := range map[float64]string{
		0: "0", 1: "1.00", 0.0427311: "0.0427", 123.456: "123", 98765: "98765", 1.5e7: "1.50e+07", 0.00001: "1.00e-05", -2.5: "-2.50", math.Inf(1): "+Inf",
	} {
		n := analysis.Number(in)
		if got := number(&n); got != want {
			t.Errorf("number(%g) = %q, want %q", in, got, want)
		}
	}
	if number(nil) != "–" || !strings.Contains(number(analysis.Number(math.NaN()).Ptr()), "NaN") {
		t.Error("what is not there, or no number, is shown as one")
	}
}
