package daemon_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// slackWorld is a world with an action in Slack that has buttons.
type slackWorld struct {
	*world
	mu    sync.Mutex
	heard []string // by the person who presses
}

const slackSigning = "0a1b2c3d4e5f"

// newSlackWorld puts the action into the config, with further settings, and reloads.
func newSlackWorld(t *testing.T, settings string) (*slackWorld, *level) {
	t.Helper()
	base, prom := newWorld(t, "")
	w := &slackWorld{world: base}
	api := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		switch r.URL.Path {
		case "/apps.connections.open":
			fmt.Fprint(rw, `{"ok":false,"error":"invalid_auth"}`)
			return
		case "/chat.postEphemeral":
			w.mu.Lock()
			w.heard = append(w.heard, r.Form.Get("text"))
			w.mu.Unlock()
		}
		fmt.Fprint(rw, `{"ok":true,"channel":"C012ABCDEF","ts":"1.2"}`)
	}))
	t.Cleanup(api.Close)
	w.env["SLACK_TOKEN"], w.env["SLACK_SECRET"] = "xoxb-1", slackSigning
	w.use(fmt.Sprintf(`  oncall: {type: slack, token: "${env:SLACK_TOKEN}", channel: C012ABCDEF, api_url: %q, operators: [U0ALICE], %s}`, api.URL, settings))
	return w, prom
}

// use reloads the config with one more action.
func (w *slackWorld) use(action string) {
	w.Helper()
	w.write("")
	text, err := os.ReadFile(w.file)
	if err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(w.file, []byte(strings.Replace(string(text), "actions:\n", "actions:\n"+action+"\n", 1)), 0o600); err != nil {
		w.Fatal(err)
	}
	if r := w.send("POST", "/-/reload", ""); r.status >= 300 {
		w.Fatalf("reload: %d %s", r.status, r.body)
	}
}

// press sends what Slack sends when a button is pressed, until somebody listens.
func (w *slackWorld) press(verb, run, secret string) reply {
	w.Helper()
	payload := fmt.Sprintf(`{"type":"block_actions","user":{"id":"U0ALICE","name":"alice"},"container":{"channel_id":"C012ABCDEF"},
		"actions":[{"type":"button","block_id":"b1","action_id":"haldane/%s/oncall","value":%q}]}`, verb, run)
	body, stamp := url.Values{"payload": {payload}}.Encode(), fmt.Sprint(time.Now().Unix())
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	for deadline := time.Now().Add(20 * time.Second); ; <-time.After(10 * time.Millisecond) {
		r := w.send("POST", "/slack/interactions/oncall", body, "Content-Type", "application/x-www-form-urlencoded", "Host", "public.example.com",
			"X-Slack-Request-Timestamp", stamp, "X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
		if r.status != http.StatusServiceUnavailable || time.Now().After(deadline) {
			return r
		}
	}
}

// hears waits for the n-th answer to a press.
func (w *slackWorld) hears(n int) string {
	w.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; <-time.After(10 * time.Millisecond) {
		w.mu.Lock()
		heard := w.heard
		w.mu.Unlock()
		if len(heard) >= n {
			return heard[n-1]
		}
		if time.Now().After(deadline) {
			w.Fatalf("%d answers, want %d; log:\n%s", len(heard), n, w.log)
		}
	}
}

// TestButtonsOverHTTP: somebody presses a button in Slack, and the release is rolled back.
func TestButtonsOverHTTP(t *testing.T) {
	w, prom := newSlackWorld(t, `interactive: http, signing_secret: "${env:SLACK_SECRET}"`)
	prom.mu.Lock()
	prom.nan = true // neither good nor bad: the button makes sense whether the run has ended or not
	prom.mu.Unlock()
	run := w.begin(`{"plan":"shop","version":"2","baseline_version":"1"}`)
	if r := w.press("rollback", run.ID, slackSigning); r.status != 200 || r.body != "" {
		t.Fatalf("press: %d %s", r.status, r.body)
	}
	if said := w.hears(1); !strings.HasPrefix(said, "Done. shop 2") {
		t.Errorf("said %q", said)
	}
	run = w.until(run.ID, "rolled back", func(r analysis.Run) bool { return r.Rollback.State == analysis.RollbackAccepted })
	if by := run.Rollback.By; by == nil || by.Kind != "slack" || by.Who != "alice (U0ALICE)" || w.hook.to("/undo") != 1 {
		t.Errorf("rollback %+v, %d calls of the webhook", run.Rollback, w.hook.to("/undo"))
	}
	w.press("rollback", run.ID, slackSigning)
	if said := w.hears(2); !strings.HasPrefix(said, "Nothing was changed: shop 2") || w.hook.to("/undo") != 1 {
		t.Errorf("pressed again: said %q, %d calls of the webhook", said, w.hook.to("/undo"))
	}
	w.press("right-yes", run.ID, slackSigning)
	w.hears(3)
	events := w.send("GET", "/api/v1/runs/"+run.ID+"/events", "").body
	if !strings.Contains(events, `"kind":"slack","who":"alice (U0ALICE)"`) || !strings.Contains(events, string(analysis.EventVerdictFeedback)) {
		t.Errorf("events %s", events)
	}
}

// TestInteractionsAreGuarded: the endpoint needs no token but Slack's signature, and is
// there only for actions that want it.
func TestInteractionsAreGuarded(t *testing.T) {
	w, _ := newSlackWorld(t, `interactive: http, signing_secret: "${env:SLACK_SECRET}"`)
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, method, path, body, kind string
		want                           int
	}{
		{"no signature", "POST", "/slack/interactions/oncall", "payload={}", form, 401},
		{"no such action", "POST", "/slack/interactions/nobody", "payload={}", form, 404},
		{"an action without buttons", "POST", "/slack/interactions/undo", "payload={}", form, 404},
		{"JSON", "POST", "/slack/interactions/oncall", "{}", "application/json", 415},
		{"too large", "POST", "/slack/interactions/oncall", strings.Repeat("x", 2<<20), form, 413},
		{"reading", "GET", "/slack/interactions/oncall", "", "", 404},
		{"elsewhere", "POST", "/slack/", "{}", "application/json", 404},
	} {
		if r := w.send(c.method, c.path, c.body, "Content-Type", c.kind); r.status != c.want {
			t.Errorf("%s: %d %s, want %d", c.name, r.status, r.body, c.want)
		}
	}
	if r := w.press("rollback", "r1", "another secret"); r.status != 401 {
		t.Errorf("another secret: %d %s", r.status, r.body)
	}
	w.use(`  oncall: {type: webhook, url: "http://127.0.0.1:9/", changes_world: false}`)
	if r := w.press("rollback", "r1", slackSigning); r.status != 404 {
		t.Errorf("after the action lost its buttons: %d %s", r.status, r.body)
	}
	if strings.Contains(w.log.String(), slackSigning) {
		t.Error("the signing secret is in the log")
	}
}

// TestListenersAreTriedAgain: an action whose token is not valid keeps nothing from working,
// and says so; the daemon stops all the same.
func TestListenersAreTriedAgain(t *testing.T) {
	w, _ := newSlackWorld(t, `interactive: socket, app_token: "xapp-planted"`)
	for deadline := time.Now().Add(20 * time.Second); strings.Count(w.log.String(), "does not hear of its buttons") < 2; <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not tried again:\n%s", w.log)
		}
	}
	if r := w.send("GET", "/readyz", ""); r.status != 200 {
		t.Errorf("not ready: %s", r.body)
	}
	w.stop()
	if log := w.log.String(); strings.Contains(log, "xapp-planted") || !strings.Contains(log, "the token is not valid") {
		t.Errorf("log:\n%s", log)
	}
}
