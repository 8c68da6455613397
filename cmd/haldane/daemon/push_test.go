package daemon_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

const pushPlan = `
plans:
  - name: smoke
    judge: threshold
    baseline: none
    allow_rollback: true
    every: 100ms
    step: 1s
    duration: 20s
    min_duration: 0s
    metrics:
      - {name: smoke, source: push, kind: ratio, threshold: {max: 0.1, consecutive: 1}}
    on_fail: [undo]
    on_delivery_failed: [tell]
`

// TestPushedSmokeTestRollsBack: a CI job that posts a failed smoke test, twice because its
// connection broke, gets the release rolled back once.
func TestPushedSmokeTestRollsBack(t *testing.T) {
	w, _ := newWorld(t, `include: ["more*.yaml"]`+"\n")
	if err := os.WriteFile(filepath.Join(w.dir, "more.yaml"), []byte(pushPlan), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := w.send("POST", "/-/reload", ""); r.status >= 300 {
		t.Fatalf("reload: %d %s", r.status, r.body)
	}
	run := decode[analysis.Run](w, w.send("POST", "/api/v1/runs", `{"plan":"smoke","version":"2","baseline_version":"1"}`))
	path := "/api/v1/runs/" + run.ID + "/samples"
	body := `{"samples":[{"metric":"smoke","value":3,"total":20,"time":"` + time.Now().UTC().Format(time.RFC3339Nano) + `"}]}`
	for _, want := range []string{`{"accepted":1,"duplicates":0}`, `{"accepted":0,"duplicates":1}`} {
		if r := w.send("POST", path, body); r.status != 200 || strings.TrimSpace(r.body) != want {
			t.Errorf("got %d %s, want %s", r.status, r.body, want)
		}
	}
	for body, says := range map[string]string{
		`{"samples":[]}`: "samples", `{"samples":[{"metric":"smoke"}]}`: "value",
		`{"samples":[{"metric":"errors","value":1}]}`:                       `"location":"body.samples[0].metric"`,
		`{"samples":[{"metric":"smoke","value":1,"total":2,"colour":"x"}]}`: "colour",
	} {
		if r := w.send("POST", path, body); r.status != 422 || !strings.Contains(r.body, says) {
			t.Errorf("%s: got %d %s", body, r.status, r.body)
		}
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		run = decode[analysis.Run](w, w.send("GET", "/api/v1/runs/"+run.ID, ""))
		if run.Status.Ended() && run.Rollback.State == analysis.RollbackAccepted {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("run %+v", run)
		}
		<-time.After(20 * time.Millisecond)
	}
	if *run.Outcome != analysis.OutcomeFail || !strings.Contains(run.Reason, "15 %") || w.hook.to("/undo") != 1 {
		t.Errorf("%s, %d rollbacks: %s", *run.Outcome, w.hook.to("/undo"), run.Reason)
	}
	if r := w.send("POST", path, body); r.status != 409 {
		t.Errorf("after the end: %d %s", r.status, r.body)
	}
}
