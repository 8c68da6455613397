package daemon_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

// TestDrillRoles: only those who may roll back may drill, and only their plans.
func TestDrillRoles(t *testing.T) {
	w, _ := newWorld(t, withTokens())
	allowed := []string{"oncall", "boss"}
	for _, who := range []string{"", "viewer", "ci", "oncall", "boss", "other", "stranger"} {
		var headers []string
		if who != "" {
			headers = []string{"Authorization", "Bearer " + who}
		}
		r := w.send("POST", "/api/v1/plans/shop/drill", "{}", headers...)
		if want := slices.Contains(allowed, who); (r.status == http.StatusCreated) != want {
			t.Errorf("as %q: got %d %s", who, r.status, r.body)
		}
		if r.status == http.StatusCreated {
			if run := decode[analysis.Run](w, r); run.Cause.Who != who || r.header.Get("Location") != "/api/v1/runs/"+run.ID {
				t.Errorf("as %q: %+v at %s", who, run.Cause, r.header.Get("Location"))
			}
		}
	}
}

// TestDryDrill: nothing reaches the receiver, the reply has everything, and no secret is in
// what is shown.
func TestDryDrill(t *testing.T) {
	w, _ := newWorld(t, "")
	r := w.send("POST", "/api/v1/plans/shop/drill", "")
	run := decode[analysis.Run](w, r)
	if r.status != http.StatusCreated || !run.Drill || run.ForReal || run.Status != analysis.StatusFinished || run.Rollback.State != analysis.RollbackSkipped {
		t.Fatalf("%d %s", r.status, r.body)
	}
	made := w.send("GET", "/api/v1/runs/"+run.ID+"/deliveries", "").body
	for _, want := range []string{"drill: would have been sent; checked in ", "POST 127.0.0.1:", "/undo, ", " bytes"} {
		if !strings.Contains(made, want) {
			t.Errorf("%q is missing in %s", want, made)
		}
	}
	page := w.send("GET", "/runs/"+run.ID, "").body
	for where, text := range map[string]string{"deliveries": made, "page": page, "log": w.log.String()} {
		if strings.Contains(text, "url-secret") {
			t.Errorf("the %s show a secret: %s", where, text)
		}
	}
	if !strings.Contains(page, "Drill, nothing was sent.") || !strings.Contains(w.send("GET", "/", "").body, "<small>drill</small>") {
		t.Errorf("the pages have no mark: %s", page)
	}
	if n := w.hook.to("/undo") + w.hook.to("/tell"); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// TestDrillForReal: what is sent says that it is a drill, and no version is condemned.
func TestDrillForReal(t *testing.T) {
	w, _ := newWorld(t, "")
	w.until(w.begin(start).ID, "ended", ended)
	for body, says := range map[string]string{
		`{"for_real":true,"version":"2","baseline_version":"1"}`:                            `"location":"body.environment"`,
		`{"for_real":true,"environment":"prod","version":"2","baseline_version":"1"}`:       "of production",
		`{"for_real":true,"environment":"production","version":"2","baseline_version":"7"}`: `"location":"body.baseline_version"`,
		`{"forreal":true}`: "forreal",
	} {
		if r := w.send("POST", "/api/v1/plans/shop/drill", body); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, says) {
			t.Errorf("%s: %d %s", body, r.status, r.body)
		}
	}
	if r := w.send("POST", "/api/v1/plans/nope/drill", "{}"); r.status != http.StatusNotFound {
		t.Errorf("%d %s", r.status, r.body)
	}
	r := w.send("POST", "/api/v1/plans/shop/drill", `{"for_real":true,"environment":"production","version":"2","baseline_version":"1"}`)
	if r.status != http.StatusCreated {
		t.Fatalf("%d %s", r.status, r.body)
	}
	run := w.until(decode[analysis.Run](w, r).ID, "accepted", func(r analysis.Run) bool {
		return r.Rollback.State == analysis.RollbackAccepted && w.hook.to("/tell") > 0
	})
	if !run.Drill || !run.ForReal || run.Verification.State != analysis.VerificationNone || w.hook.to("/undo") != 1 {
		t.Errorf("%d rollbacks, %+v", w.hook.to("/undo"), run)
	}
	w.hook.mu.Lock()
	for _, body := range w.hook.bodies {
		if !strings.Contains(body, `"drill":true,"for_real":true`) {
			t.Errorf("sent without a mark: %s", body)
		}
	}
	w.hook.mu.Unlock()
	again := w.begin(`{"plan":"shop","version":"2","baseline_version":"1","key":"again"}`)
	if again = w.until(again.ID, "ended", ended); *again.Outcome != analysis.OutcomePass {
		t.Errorf("after a drill: %+v", again)
	}
}
