package webhook_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/analysis"
)

// body performs a delivery and returns the JSON that arrived.
func body(t *testing.T, d analysis.Delivery) map[string]any {
	t.Helper()
	base, got := receiver(t)
	if _, err := open(t, settings(base)).Perform(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal((*got)[0].body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestBody: the body has exactly the fields of the contract.
func TestBody(t *testing.T) {
	d := actiontest.Delivery(1)
	v := body(t, d)
	data := v["data"].(map[string]any)
	if got, want := keys(v), "data schema timestamp type"; got != want {
		t.Errorf("fields %s, want %s", got, want)
	}
	if got, want := keys(data), "delivery_id expires_at findings reason report rollback run runbook"; got != want {
		t.Errorf("fields of data %s, want %s", got, want)
	}
	if got, want := keys(data["rollback"].(map[string]any)), "from to"; got != want {
		t.Errorf("fields of rollback %s, want %s", got, want)
	}
	for field, want := range map[string]any{
		"delivery_id": d.ID, "expires_at": "2026-03-04T03:10:00.123Z", "reason": "errors rose from 0.1 % to 5 %",
		"runbook": "https://runbooks.example.com/checkout", "report": "https://haldane.example.com/runs/1",
	} {
		if data[field] != want {
			t.Errorf("%s is %v, want %v", field, data[field], want)
		}
	}
	if v["type"] != "run.failed" || v["schema"] != 1.0 || v["timestamp"] != "2026-03-04T03:00:00.123Z" {
		t.Errorf("type %v, schema %v, timestamp %v", v["type"], v["schema"], v["timestamp"])
	}
	run := data["run"].(map[string]any)
	if run["version"] != "1.4.2" || run["outcome"] != "fail" || run["id"] != d.RunID {
		t.Errorf("run is %v", run)
	}
	if n := len(data["findings"].([]any)); n != 2 {
		t.Errorf("%d findings, want 2", n)
	}
}

func keys(m map[string]any) string {
	return strings.Join(slices.Sorted(maps.Keys(m)), " ")
}

// TestBodyOfAPersonsRollback: a deploy tool gets the same order from a person, with
// or without a run.
func TestBodyOfAPersonsRollback(t *testing.T) {
	d := actiontest.Delivery(1)
	d.Event.Type, d.EventType = analysis.EventRollbackRequested, analysis.EventRollbackRequested
	d.Event.Text = "alice asked for it"
	d.Event.Notice = &analysis.Notice{Rollback: &analysis.RollbackTarget{From: "1.4.2", To: "1.4.0"}}
	v := body(t, d)
	data := v["data"].(map[string]any)
	if v["type"] != "run.failed" || data["run"] != nil || data["reason"] != "alice asked for it" {
		t.Errorf("type %v, run %v, reason %v", v["type"], data["run"], data["reason"])
	}
	if to := data["rollback"].(map[string]any)["to"]; to != "1.4.0" {
		t.Errorf("rolled back to %v, want 1.4.0", to)
	}
}

// TestBodyWithoutNotice: lists are lists and objects null, whatever is missing.
func TestBodyWithoutNotice(t *testing.T) {
	d := actiontest.Delivery(1)
	d.Event.Notice = nil
	data := body(t, d)["data"].(map[string]any)
	if list, ok := data["findings"].([]any); !ok || len(list) != 0 || data["rollback"] != nil || data["runbook"] != "" {
		t.Errorf("data is %v", data)
	}
}
