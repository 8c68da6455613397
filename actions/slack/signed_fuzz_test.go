package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/config"
)

// FuzzInteractions sends anything at all to the address that Slack tells of presses. What
// was not signed with the secret, over these very bytes and within five minutes, is never
// listened to; and a press that is passed on is a person's, of one of our buttons.
func FuzzInteractions(f *testing.F) {
	const secret = "0a1b2c3d4e5f-signing"
	set := New().(*Settings)
	set.Token, set.Channel = config.NewSecret("xoxb-1-2-abc"), "#oncall"
	set.Interactive, set.SigningSecret, set.Operators = overHTTP, config.NewSecret(secret), []string{"U0ALICE"}
	opened, err := set.Open(config.Env{Name: "oncall", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	a := opened.(*Action)
	box, leave := a.desk.join("oncall")
	f.Cleanup(leave)
	handler := a.Interactions()

	form := func(payload string) []byte { return []byte(url.Values{"payload": {payload}}.Encode()) }
	press := `{"type":"block_actions","user":{"id":"U0ALICE","name":"alice"},"container":{"type":"message","channel_id":"C012ABCDEF","thread_ts":"1.2"},
		"message":{"type":"message","blocks":[{"type":"actions","elements":[{"type":"button"}]}]},"state":{"values":{"a":{"b":{"type":"x"}}}},
		"actions":[{"type":"button","action_id":"haldane/approve/oncall","block_id":"b1","value":"0190b4f0-0000-7000-8000-000000000000"}]}`
	for _, body := range [][]byte{
		form(press), form(strings.Replace(press, "oncall", "removed", 1)), form(strings.Replace(press, "U0ALICE", "alice", 1)),
		form(`{"type":"block_actions","actions":[null,{"type":"nope"},7]}`), form("null"), form("{"), []byte("payload=%zz"),
		{},
	} {
		for how := range uint8(4) {
			f.Add(how, body, []byte(secret), int64(0), "v0=00", "application/x-www-form-urlencoded")
		}
		f.Add(uint8(1), body, []byte{}, int64(-299), "", "application/x-www-form-urlencoded; charset=utf-8")
		f.Add(uint8(1), body, []byte{}, int64(1)<<62, "", "application/json")
	}
	f.Fuzz(func(t *testing.T, how uint8, body, key []byte, age int64, signature, kind string) {
		now := time.Now().Unix()
		stamp := strconv.FormatInt(now-age, 10)
		of := func(key, body []byte) string {
			mac := hmac.New(sha256.New, key)
			fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
			return "v0=" + hex.EncodeToString(mac.Sum(nil))
		}
		switch how % 4 {
		case 0: // as it comes
		case 1:
			signature = of([]byte(secret), body)
		case 2:
			signature = of(key, body)
		case 3:
			signature, body = of([]byte(secret), body), append(body, key...)
		}
		r := httptest.NewRequest(http.MethodPost, "/slack/interactions/oncall", strings.NewReader(string(body)))
		r.Header = http.Header{"Content-Type": {kind}, "X-Slack-Request-Timestamp": {stamp}, "X-Slack-Signature": {signature}}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		genuine := strings.EqualFold(signature, of([]byte(secret), body))
		recent := age >= -301 && age <= 301 // the clock may have gone on
		switch w.Code {
		case http.StatusOK, http.StatusBadRequest, http.StatusServiceUnavailable:
			if !genuine || !recent {
				t.Fatalf("HTTP %d for what Slack has not signed, or not lately", w.Code)
			}
		case http.StatusUnauthorized:
			if genuine && age > -299 && age < 299 {
				t.Fatal("what Slack has signed is refused")
			}
		case http.StatusUnsupportedMediaType, http.StatusRequestEntityTooLarge:
		default:
			t.Fatalf("HTTP %d %s", w.Code, w.Body)
		}
		select {
		case p := <-box:
			if w.Code != http.StatusOK || p.action != "oncall" || !userID.MatchString(p.user) || !runID.MatchString(p.run) || p.who().Who == "" {
				t.Fatalf("HTTP %d, and a press %+v", w.Code, p)
			}
		default:
		}
	})
}
