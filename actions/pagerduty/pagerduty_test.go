package pagerduty_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/pagerduty"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

func bytesReader(b []byte) io.Reader { return bytes.NewReader(b) }

// settings returns sound settings for an address.
func settings(base string, change ...func(*pagerduty.Settings)) *pagerduty.Settings {
	s := pagerduty.New().(*pagerduty.Settings)
	s.RoutingKey, s.URL = config.NewSecret(routingKey), base
	for _, c := range change {
		c(s)
	}
	return s
}

func open(t *testing.T, s *pagerduty.Settings) analysis.Action {
	t.Helper()
	a, err := s.Open(config.Env{Name: "oncall", Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// key makes an integration key that holds as much of a secret as such a key can.
func key(secret string) config.Secret {
	plain := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' {
			return r
		}
		return -1
	}, secret)
	return config.NewSecret((plain + strings.Repeat("x", 32))[:32])
}

func answer(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

// TestExercise runs the suite of all actions.
func TestExercise(t *testing.T) {
	actiontest.Exercise(t, actiontest.Kit{
		Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
			set := settings(s.Base)
			set.RoutingKey, set.Timeout = key(s.Secret), analysis.Duration(s.Timeout)
			a, err := set.Open(s.Env)
			if err != nil {
				t.Fatal(err)
			}
			return a
		},
		Accept: answer(202, `{"status":"success","message":"Event processed","dedup_key":"k"}`),
		Key: func(_ *http.Request, body []byte) string {
			var e event
			_ = json.Unmarshal(body, &e)
			if e.Payload == nil {
				return ""
			}
			id, _ := e.Payload.Details["delivery_id"].(string)
			return id
		},
		Replies: []actiontest.Reply{
			{Name: "invalid event", Want: analysis.Invalid, Answer: answer(400,
				`{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect (should be 32 characters)"]}`)},
			{Name: "too many", Want: analysis.Limited, Answer: answer(429, `{"status":"throttle exceeded","message":"Requests for this service are arriving too quickly."}`)},
			{Name: "a page", Want: analysis.Unavailable, Answer: answer(200, "<html>log in</html>")},
			{Name: "nothing", Want: analysis.Unavailable, Answer: answer(202, "")},
			{Name: "cut off", Want: analysis.Unavailable, Answer: answer(202, `{"status":"succ`)},
			{Name: "no success", Want: analysis.Unavailable, Answer: answer(202, `{"status":"invalid event"}`)},
			{Name: "a list", Want: analysis.Unavailable, Answer: answer(202, `[]`)},
		},
	})
}

// TestWords: PagerDuty's reasons are in the error.
func TestWords(t *testing.T) {
	s := httptest.NewServer(answer(400, `{"status":"invalid event","message":"Event object is invalid","errors":["'payload' is missing"]}`))
	defer s.Close()
	_, err := open(t, settings(s.URL)).Perform(t.Context(), actiontest.Delivery(1))
	want := "pagerduty oncall at " + strings.TrimPrefix(s.URL, "http://") +
		": answered HTTP 400 Bad Request: Event object is invalid: 'payload' is missing"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

// TestAlert looks at the alert of a failed release as a whole.
func TestAlert(t *testing.T) {
	s := newStandIn(t)
	d := actiontest.Delivery(1)
	r := actiontest.Done(t, open(t, settings(s.URL)), d)
	e := s.got()[0]
	p := e.Payload
	for name, pair := range map[string][2]string{
		"routing_key":     {e.RoutingKey, routingKey},
		"event_action":    {e.Action, "trigger"},
		"dedup_key":       {e.DedupKey, "haldane/run/" + d.RunID},
		"summary":         {p.Summary, "checkout 1.4.2 in production: failed, rolling back to 1.4.1"},
		"source":          {p.Source, "checkout/production"},
		"severity":        {p.Severity, "critical"},
		"timestamp":       {p.Timestamp, "2026-03-04T03:00:00Z"},
		"component":       {p.Component, "checkout"},
		"group":           {p.Group, "production"},
		"class":           {p.Class, "run.failed"},
		"client":          {e.Client, "Haldane"},
		"client_url":      {e.ClientURL, "https://haldane.example.com/runs/1"},
		"runbook":         {e.Links[0].Text + " " + e.Links[0].Href, "Runbook https://runbooks.example.com/checkout"},
		"report":          {e.Links[1].Text + " " + e.Links[1].Href, "Report https://haldane.example.com/runs/1"},
		"what happened":   {fmt.Sprint(p.Details["what happened"]), "errors rose from 0.1 % to 5 %."},
		"the receipt":     {r.Text + " " + r.Refs["alerts"], "alert triggered haldane/run/" + d.RunID},
		"delivery's id":   {fmt.Sprint(p.Details["delivery_id"]), d.ID},
		"a finding":       {fmt.Sprint(p.Details["metrics"])[:22], "[errors (critical): er"},
		"one of the many": {fmt.Sprint(p.Details["facts"].(map[string]any)["Owner"]), "team-checkout"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %q, want %q", name, pair[0], pair[1])
		}
	}
}

// TestTexts: whatever there is to say, it is an event that PagerDuty takes.
func TestTexts(t *testing.T) {
	s := newStandIn(t)
	a := open(t, settings(s.URL))
	for _, text := range actiontest.Long() {
		for _, event := range actiontest.Told() {
			actiontest.Done(t, a, actiontest.Verbose(event, text, 60))
		}
	}
	actiontest.Done(t, a, actiontest.Held(actiontest.About(1, analysis.EventHoldEngaged, nil), analysis.HoldManyServices))
	empty := actiontest.Delivery(1)
	empty.Event = analysis.Event{ID: "e", Type: "of the future"}
	actiontest.Done(t, a, empty)
}
