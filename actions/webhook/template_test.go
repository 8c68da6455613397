package webhook_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/webhook"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// hostile are versions that plans with a pattern of their own might let through.
var hostile = []string{
	`1"} {"x`, `1", "to": "0.0.1`, "1?x=1#y", "1&to=0.0.1", "a/b c%2F+;=", "<!channel>", "\u2028", "é\\", "1\t2",
}

// versioned returns a delivery of a release with this version.
func versioned(version string) analysis.Delivery {
	d := actiontest.Delivery(1)
	run := *d.Event.Notice.Run
	run.Version = version
	notice := *d.Event.Notice
	notice.Run = &run
	d.Event.Notice = &notice
	return d
}

// TestEscaping: a version lands where it was put, as what it is, and nowhere else.
func TestEscaping(t *testing.T) {
	for _, version := range hostile {
		base, got := receiver(t)
		a := open(t, settings(base+"/apps/{{.Run.Version}}/rollback?from={{.Run.Version}}&to={{.Rollback.To}}",
			func(s *webhook.Settings) {
				s.Body = `{"from": "{{.Run.Version}}", "quoted": {{.Run.Version}}, "run": {{json .Run.Version}}, "to": "{{.Rollback.To}}"}`
			}))
		if _, err := a.Perform(t.Context(), versioned(version)); err != nil {
			t.Errorf("%q: %v", version, err)
			continue
		}
		r := (*got)[0]
		if want := "/apps/" + version + "/rollback"; r.URL.Path != want || strings.Count(r.URL.EscapedPath(), "/") != 3 {
			t.Errorf("%q: path %q (%s)", version, r.URL.Path, r.URL.EscapedPath())
		}
		q := r.URL.Query()
		if len(q) != 2 || q.Get("from") != version || q.Get("to") != "1.4.1" {
			t.Errorf("%q: query %v", version, q)
		}
		var b map[string]string
		if err := json.Unmarshal(r.body, &b); err != nil {
			t.Errorf("%q: body %s: %v", version, r.body, err)
		}
		if len(b) != 4 || b["from"] != version || b["quoted"] != version || b["run"] != version || b["to"] != "1.4.1" {
			t.Errorf("%q: body %v", version, b)
		}
	}
}

// TestWaysOut: a value that would lead out of the path, or that is missing, stops
// the request before it is sent.
func TestWaysOut(t *testing.T) {
	for _, version := range []string{"../../admin?x=1#", "..", ".", `..\admin`, "a/../b", ""} {
		base, got := receiver(t)
		a := open(t, settings(base+"/apps/{{.Run.Version}}/rollback"))
		_, err := a.Perform(t.Context(), versioned(version))
		if analysis.KindOf(err) != analysis.Invalid || len(*got) != 0 {
			t.Errorf("%q: error %v and %d requests, want invalid and none", version, err, len(*got))
		}
	}
	// Two halves of a way out.
	base, got := receiver(t)
	a := open(t, settings(base+"/apps/.{{.Run.Version}}"))
	if _, err := a.Perform(t.Context(), versioned(".")); analysis.KindOf(err) != analysis.Invalid || len(*got) != 0 {
		t.Errorf("error %v and %d requests, want invalid and none", err, len(*got))
	}
}

// TestHeaderBreak: a value with a line break cannot begin another header.
func TestHeaderBreak(t *testing.T) {
	for _, version := range []string{"1\r\nX-Admin: yes", "1\n", "1\x00", "1\x7f"} {
		base, got := receiver(t)
		a := open(t, settings(base, func(s *webhook.Settings) {
			s.Headers = map[string]config.Secret{"X-Version": config.NewSecret("v{{.Run.Version}}")}
		}))
		_, err := a.Perform(t.Context(), versioned(version))
		if analysis.KindOf(err) != analysis.Invalid || len(*got) != 0 {
			t.Errorf("%q: error %v and %d requests, want invalid and none", version, err, len(*got))
		}
		if err != nil && !strings.Contains(err.Error(), "header X-Version") {
			t.Errorf("%q: error %q does not say where", version, err)
		}
	}
}

// TestNothingToUse: a template that needs a rollback is an error on an event that
// has none, and so is a variable that was not given.
func TestNothingToUse(t *testing.T) {
	for _, body := range []string{`{"to": "{{.Rollback.To}}"}`, `{"x": "{{.Run.Variables.region}}"}`} {
		base, got := receiver(t)
		a := open(t, settings(base, func(s *webhook.Settings) { s.Body = body }))
		d := actiontest.Delivery(1)
		notice := *d.Event.Notice
		notice.Rollback = nil
		d.Event.Notice = &notice
		_, err := a.Perform(t.Context(), d)
		if analysis.KindOf(err) != analysis.Invalid || len(*got) != 0 {
			t.Errorf("%s: error %v and %d requests, want invalid and none", body, err, len(*got))
		}
	}
}

// TestWithoutARun: a person's rollback of a service fills the same templates.
func TestWithoutARun(t *testing.T) {
	base, got := receiver(t)
	a := open(t, settings(base+"/{{.Run.Service}}/{{.Run.Environment}}/{{.Rollback.To}}", func(s *webhook.Settings) {
		s.Body = `{"type": {{.Type}}, "from": {{.Run.Version}}, "id": {{.DeliveryID}}}`
	}))
	d := actiontest.Delivery(1)
	d.Event.Type = analysis.EventRollbackRequested
	d.Event.Notice = &analysis.Notice{Rollback: &analysis.RollbackTarget{From: "1.4.2", To: "1.4.0"}}
	if _, err := a.Perform(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	r := (*got)[0]
	if r.URL.Path != "/checkout/production/1.4.0" || string(r.body) != `{"type": "run.failed", "from": "1.4.2", "id": "`+d.ID+`"}` {
		t.Errorf("path %s, body %s", r.URL.Path, r.body)
	}
}
