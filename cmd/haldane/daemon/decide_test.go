package daemon_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

const approvalPlan = `
plans:
  - name: careful
    judge: threshold
    baseline: none
    allow_rollback: true
    every: 100ms
    step: 100ms
    duration: 10s
    min_duration: 0s
    verify: 0s
    approval: {within: 1h, default: keep}
    metrics:
      - {name: errors, source: prom, query: 'errors{version="{{.Version}}"}', threshold: {max: 0.5, consecutive: 2}}
    on_fail: [undo]
    on_delivery_failed: [tell]
`

// TestApproveAndFeedbackOverHTTP: a rollback waits until somebody approves it, and somebody
// says afterwards whether the verdict was right.
func TestApproveAndFeedbackOverHTTP(t *testing.T) {
	w, prom := newWorld(t, `include: ["more*.yaml"]`+"\n")
	if err := os.WriteFile(filepath.Join(w.dir, "more.yaml"), []byte(approvalPlan), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := w.send("POST", "/-/reload", ""); r.status >= 300 {
		t.Fatalf("reload: %d %s", r.status, r.body)
	}
	prom.set(0.9)
	run := decode[analysis.Run](w, w.send("POST", "/api/v1/runs", `{"plan":"careful","version":"2","baseline_version":"1"}`))
	id := "/api/v1/runs/" + run.ID
	if r := w.send("POST", id+"/feedback", `{"right":"yes"}`); r.status != 409 {
		t.Errorf("feedback before the verdict: %d %s", r.status, r.body)
	}
	state := func(want analysis.RollbackState) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); ; <-time.After(20 * time.Millisecond) {
			run = decode[analysis.Run](w, w.send("GET", id, ""))
			if run.Rollback.State == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("rollback %+v, want %s", run.Rollback, want)
			}
		}
	}
	state(analysis.RollbackAwaitingApproval)
	if n := w.hook.to("/undo"); n != 0 {
		t.Errorf("%d rollbacks before anybody approved", n)
	}
	if r := w.send("POST", id+"/approve", ""); r.status != 200 {
		t.Fatalf("approve: %d %s", r.status, r.body)
	}
	state(analysis.RollbackAccepted)
	if n := w.hook.to("/undo"); n != 1 {
		t.Errorf("%d rollbacks", n)
	}
	if r := w.send("POST", id+"/keep", ""); r.status != 409 || !strings.Contains(r.body, "awaits approval") {
		t.Errorf("keep afterwards: %d %s", r.status, r.body)
	}
	if r := w.send("POST", id+"/feedback", `{"right":"yes","note":"checkout was down"}`); r.status != 200 || !strings.Contains(r.body, `"note":"checkout was down"`) {
		t.Errorf("feedback: %d %s", r.status, r.body)
	}
	if r := w.send("POST", id+"/feedback", `{"right":"perhaps"}`); r.status != 422 {
		t.Errorf("feedback: %d %s", r.status, r.body)
	}
	if r := w.send("GET", "/api/v1/quality", ""); !strings.Contains(r.body, `"plan":"careful","right":1,"wrong":0,"unsure":0,"precision":1,"recall":1`) {
		t.Errorf("quality: %d %s", r.status, r.body)
	}
}
