package daemon_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// pushyPlan has a metric that is pushed, and runs for as long as the test may take.
const pushyPlan = `
plans:
  - name: pushy
    judge: threshold
    baseline: none
    duration: 1h
    metrics:
      - {name: smoke, source: push, threshold: {max: 0.5}}
    on_fail: [undo]
    on_delivery_failed: [tell]
    allow_rollback: true
`

type auditPage struct {
	Events []analysis.Event `json:"events"`
	Next   string           `json:"next"`
}

// auditor does writes as a person, each under an id of its own.
type auditor struct {
	*world
	done map[string]string // path of the call -> id of the request
}

// do performs one call of the table of routes and wants an event that says who, and under
// which id.
func (a *auditor) do(method, route, body string, want analysis.EventType, parts ...string) reply {
	a.Helper()
	id := fmt.Sprintf("req-%d", len(a.done))
	a.done[method+" "+route] = id
	path := strings.NewReplacer(parts...).Replace(route)
	r := a.send(method, path, body, "Authorization", "Bearer boss", "X-Request-ID", id)
	if r.status >= 300 || r.header.Get("X-Request-ID") != id {
		a.Fatalf("%s %s: %d %s, id %s", method, path, r.status, r.body, r.header.Get("X-Request-ID"))
	}
	all := decode[auditPage](a.world, a.send("GET", "/api/v1/events?type="+string(want), "", "Authorization", "Bearer boss"))
	if !slices.ContainsFunc(all.Events, func(e analysis.Event) bool {
		return e.Type == want && e.Who == analysis.Cause{Kind: "api", Who: "boss", Request: id}
	}) {
		a.Errorf("%s %s left no event %s with who and request: %+v", method, path, want, all.Events)
	}
	return r
}

func (a *auditor) start(plan, version string) string {
	a.Helper()
	body := fmt.Sprintf(`{"plan":%q,"version":%q,"baseline_version":"1"}`, plan, version)
	return decode[analysis.Run](a.world, a.do("POST", "/api/v1/runs", body, analysis.EventRunStarted)).ID
}

// waiting starts a run whose rollback awaits approval.
func (a *auditor) waiting(version string) string {
	a.Helper()
	id := a.start("careful", version)
	for deadline := time.Now().Add(30 * time.Second); ; <-time.After(20 * time.Millisecond) {
		r := decode[analysis.Run](a.world, a.send("GET", "/api/v1/runs/"+id, "", "Authorization", "Bearer boss"))
		if r.Rollback.State == analysis.RollbackAwaitingApproval {
			return id
		}
		if time.Now().After(deadline) {
			a.Fatalf("no rollback: %+v", r)
		}
	}
}

// TestEveryWriteIsAnEvent: who did what, and when, of every call that changes something;
// the log has it under the same id.
func TestEveryWriteIsAnEvent(t *testing.T) {
	w, prom := newWorld(t, `include: ["more*.yaml"]`+withTokens())
	for name, text := range map[string]string{"more1.yaml": approvalPlan, "more2.yaml": pushyPlan} {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	prom.set(0.9)
	a := &auditor{w, map[string]string{}}
	a.do("POST", "/-/reload", "", analysis.EventConfigReloaded)
	a.do("POST", "/-/reload", "", analysis.EventConfigReloaded) // also when nothing has changed

	pushy := a.start("pushy", "2")
	a.do("POST", "/api/v1/runs/{id}/samples", `{"samples":[{"metric":"smoke","value":0}]}`, analysis.EventSamplesPushed, "{id}", pushy)
	a.do("POST", "/api/v1/runs/{id}/acknowledge", "", analysis.EventRunAcknowledged, "{id}", pushy)
	a.do("POST", "/api/v1/runs/{id}/cancel", "", analysis.EventRunCancelled, "{id}", pushy)
	pushy = a.start("pushy", "3")
	a.do("POST", "/api/v1/runs/{id}/rollback", `{"reason":"it is slow"}`, analysis.EventRunFailed, "{id}", pushy)
	a.do("POST", "/api/v1/runs/{id}/feedback", `{"right":"yes"}`, analysis.EventVerdictFeedback, "{id}", pushy)
	a.do("POST", "/api/v1/runs/{id}/approve", "", analysis.EventRollbackApproved, "{id}", a.waiting("4"))
	a.do("POST", "/api/v1/runs/{id}/keep", "", analysis.EventRollbackRefused, "{id}", a.waiting("5"))
	a.do("POST", "/api/v1/plans/{name}/drill", "{}", analysis.EventRunStarted, "{name}", "shop")
	a.do("POST", "/api/v1/services/{service}/rollback", `{"environment":"production","to":"1","reason":"outage"}`,
		analysis.EventRollbackRequested, "{service}", "pushy")
	hold := decode[analysis.Hold](w, a.do("POST", "/api/v1/holds", `{"reason":"freeze"}`, analysis.EventHoldEngaged))
	a.do("DELETE", "/api/v1/holds/{hold}", "", analysis.EventHoldReleased, "{hold}", hold.ID)

	for _, r := range routes {
		id, done := a.done[r.method+" "+r.path]
		if r.method == "GET" {
			continue
		}
		if !done {
			t.Errorf("%s %s: which event does it leave?", r.method, r.path)
		}
		line := fmt.Sprintf("level=INFO msg=request method=%s ", r.method)
		if !slices.ContainsFunc(strings.Split(w.log.String(), "\n"), func(l string) bool {
			return strings.Contains(l, line) && strings.Contains(l, " who=boss ") && strings.HasSuffix(l, " request="+id)
		}) {
			t.Errorf("%s %s: not in the log with who and request %s", r.method, r.path, id)
		}
	}
	if log := w.log.String(); !strings.Contains(log, `msg="rollbacks are held"`) || strings.Count(log, "request="+a.done["POST /api/v1/holds"]) < 2 {
		t.Error("lines of the engine do not have the request's id")
	}
}

// TestEventsList: filters, pages and a broken config.
func TestEventsList(t *testing.T) {
	w, _ := newWorld(t, "")
	w.write("nonsense: 1\n")
	if r := w.send("POST", "/-/reload", ""); r.status != 422 {
		t.Fatal(r.body)
	}
	run := w.begin(start)
	w.until(run.ID, "ended", ended)
	list := func(query string) auditPage {
		t.Helper()
		r := w.send("GET", "/api/v1/events"+query, "")
		if r.status != 200 {
			t.Fatalf("%s: %d %s", query, r.status, r.body)
		}
		return decode[auditPage](w, r)
	}
	since := func(typ string, later time.Duration) string {
		t.Helper()
		return "?type=" + typ + "&since=" + list("?type=" + typ).Events[0].At.Add(later).Format(time.RFC3339Nano)
	}
	for query, want := range map[string]string{
		"?type=config.refused":                                  "config.refused",
		"?run=" + run.ID + "&type=run.passed":                   "run.passed",
		"?service=shop&environment=production&type=run.started": "run.started",
		"?service=bank":                                         "", "?environment=moon": "",
		since("config.refused", time.Millisecond): "", since("run.started", 0): "run.started",
	} {
		var got string
		for _, e := range list(query).Events {
			got += string(e.Type)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	all, seen := list("").Events, []analysis.Event{}
	for cursor := ""; ; {
		p := list("?limit=1&cursor=" + cursor)
		seen = append(seen, p.Events...)
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	if len(seen) != len(all) || len(all) < 3 || seen[0].ID != all[0].ID || seen[0].Plan != "shop" {
		t.Errorf("page by page %d events, at once %d", len(seen), len(all))
	}
	for _, query := range []string{"?since=yesterday", "?limit=0", "?tpye=x"} {
		if r := w.send("GET", "/api/v1/events"+query, ""); r.status != 422 {
			t.Errorf("%s: %d", query, r.status)
		}
	}
}
