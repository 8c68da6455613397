package slack_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/actions/slack"
	"github.com/haldane-dev/haldane/analysis"
)

const signingSecret = "0a1b2c3d4e5f-signing"

// request is one as Slack sends it to an app's Request URL.
func request(payload, secret string, at time.Time) *http.Request {
	body := url.Values{"payload": {payload}}.Encode()
	r := httptest.NewRequest(http.MethodPost, "/slack/interactions/oncall", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	stamp := fmt.Sprint(at.Unix())
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return r
}

// delivered sends a press until somebody listens.
func delivered(t *testing.T, a analysis.Action, payload string) *httptest.ResponseRecorder {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; <-time.After(time.Millisecond) {
		w := httptest.NewRecorder()
		a.(*slack.Action).Interactions().ServeHTTP(w, request(payload, signingSecret, time.Now().Add(-4*time.Minute)))
		if w.Code != http.StatusServiceUnavailable {
			return w
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody listens")
		}
	}
}

// TestSignatureOfTheReference is the example of Slack's documentation: the signature of
// our helper is made as theirs is.
func TestSignatureOfTheReference(t *testing.T) {
	const body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&" +
		"user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2F" +
		"T1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	mac := hmac.New(sha256.New, []byte("8f742231b10e8888abcd99yyyzzz85a5"))
	fmt.Fprintf(mac, "v0:%s:%s", "1531420618", body)
	if got := hex.EncodeToString(mac.Sum(nil)); got != "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503" {
		t.Errorf("signature %s", got)
	}
}

// TestSigned: only what Slack signed, and lately, is listened to.
func TestSigned(t *testing.T) {
	s, h := newStandIn(t), newHouse(analysis.RollbackAwaitingApproval)
	a, logs := logged(t, withButtons(s))
	listen(t, a, h)
	handler := a.(*slack.Action).Interactions()
	good := pressed("approve", "oncall", h.run.ID, "U0ALICE", "alice")
	now := time.Now()
	for _, c := range []struct {
		name   string
		r      *http.Request
		change func(*http.Request)
		want   int
	}{
		{"another secret", request(good, "another", now), nil, 401},
		{"an empty secret", request(good, "", now), nil, 401},
		{"six minutes ago", request(good, signingSecret, now.Add(-6*time.Minute)), nil, 401},
		{"in six minutes", request(good, signingSecret, now.Add(6*time.Minute)), nil, 401},
		{"another time", request(good, signingSecret, now), func(r *http.Request) { r.Header.Set("X-Slack-Request-Timestamp", fmt.Sprint(now.Unix()-1)) }, 401},
		{"no time", request(good, signingSecret, now), func(r *http.Request) { r.Header.Del("X-Slack-Request-Timestamp") }, 401},
		{"no signature", request(good, signingSecret, now), func(r *http.Request) { r.Header.Del("X-Slack-Signature") }, 401},
		{"half a signature", request(good, signingSecret, now), func(r *http.Request) {
			r.Header.Set("X-Slack-Signature", r.Header.Get("X-Slack-Signature")[:30])
		}, 401},
		{"another body", request(good, signingSecret, now), func(r *http.Request) {
			r.Body = request(strings.Replace(good, "approve", "keep", 1), signingSecret, now).Body
		}, 401},
		{"JSON", request(good, signingSecret, now), func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 415},
		{"too large", request(strings.Repeat("x", 600<<10), signingSecret, now), nil, 413},
		{"no payload", request("", signingSecret, now), nil, 400},
		{"no JSON in it", request("{", signingSecret, now), nil, 400},
		{"a link that was opened", request(pressed("open-report", "oncall", "", "U0ALICE", "alice"), signingSecret, now), nil, 200},
		{"another kind", request(`{"type":"view_closed","user":{"id":"U0ALICE"}}`, signingSecret, now), nil, 200},
		{"an action that is gone", request(pressed("approve", "removed", h.run.ID, "U0ALICE", "alice"), signingSecret, now), nil, 503},
	} {
		if c.change != nil {
			c.change(c.r)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, c.r)
		if w.Code != c.want || h.all() != "" {
			t.Errorf("%s: HTTP %d %s, want %d; did %q", c.name, w.Code, w.Body, c.want, h.all())
		}
	}
	w := delivered(t, a, good)
	if said := s.whispered(t, 1); w.Code != 200 || w.Body.Len() != 0 || !strings.HasPrefix(said, "Done. ") {
		t.Errorf("HTTP %d %s, said %q", w.Code, w.Body, said)
	}
	if h.all() != "approve "+h.run.ID+" by slack:alice (U0ALICE)" {
		t.Errorf("did %q", h.all())
	}
	if strings.Contains(logs.String(), signingSecret) || !strings.Contains(logs.String(), "was not signed by Slack") {
		t.Errorf("log:\n%s", logs)
	}
}

// TestNobodyListens: without somebody to do it, Slack is told that it failed; and so it is
// when more is asked for than can be done.
func TestNobodyListens(t *testing.T) {
	s, h := newStandIn(t), newHouse(analysis.RollbackAwaitingApproval)
	a := open(t, withButtons(s)).(*slack.Action)
	w := httptest.NewRecorder()
	a.Interactions().ServeHTTP(w, request(pressed("approve", "oncall", h.run.ID, "U0ALICE", "alice"), signingSecret, time.Now()))
	if w.Code != 503 || h.all() != "" {
		t.Errorf("HTTP %d, did %q", w.Code, h.all())
	}
	for _, set := range []*slack.Settings{bot(s.URL+"/api", s.token, "C012ABCDEF"), withButtons(s, overSocket)} {
		if open(t, set).(*slack.Action).Interactions() != nil {
			t.Error("requests are taken that nobody asked for")
		}
	}
}

// TestFlood: presses beyond what can wait are refused, and the others are done.
func TestFlood(t *testing.T) {
	s, h := newStandIn(t), newHouse(analysis.RollbackDone)
	h.mu.Lock() // the engine is busy
	a := open(t, withButtons(s)).(*slack.Action)
	listen(t, a, h)
	payload := pressed("right-yes", "oncall", h.run.ID, "U0ALICE", "alice")
	delivered(t, a, payload)
	taken, refused := 1, 0
	for taken < 1000 && refused < 5 {
		w := httptest.NewRecorder()
		a.Interactions().ServeHTTP(w, request(payload, signingSecret, time.Now()))
		if w.Code == http.StatusServiceUnavailable {
			refused++
		} else {
			taken++
		}
	}
	if taken < 32 || taken > 40 {
		t.Errorf("%d taken before the others were refused", taken)
	}
	h.mu.Unlock()
	s.whispered(t, taken)
}
