package slack_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/slack"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

func overSocket(s *slack.Settings) {
	s.Interactive, s.SigningSecret, s.AppToken = "socket", config.Secret{}, config.NewSecret(appToken)
}

// TestSocketAgain: Slack ends connections now and then, and says so before or not.
func TestSocketAgain(t *testing.T) {
	s, h := newStandIn(t), newHouse(analysis.RollbackDone)
	first := listening(t, s, h)
	if err := first.WriteJSON(object{"type": "disconnect", "reason": "refresh_requested"}); err != nil {
		t.Fatal(err)
	}
	second := s.line(t)
	s.presses(t, second, pressed("right-yes", "oncall", h.run.ID, "U0EVE", "eve"))
	s.whispered(t, 1)
	_ = second.Close()
	third := s.line(t)
	if err := third.WriteMessage(1, []byte("not JSON")); err != nil {
		t.Fatal(err)
	}
	s.presses(t, third, pressed("right-no", "oncall", h.run.ID, "U0EVE", "eve"))
	s.whispered(t, 2)
	if n := strings.Count(h.all(), "feedback"); n != 2 {
		t.Errorf("did %q", h.all())
	}
}

// TestSocketRefused: what only the operator can mend ends the listening, with a reason and
// without a secret.
func TestSocketRefused(t *testing.T) {
	for _, c := range []struct {
		name, token, answer string
		want                analysis.Kind
	}{
		{"not known", "xapp-planted-token", "", analysis.Denied},
		{"the bot's", "xoxb-1-token", "", analysis.Denied},
		{"revoked", appToken, `{"ok":false,"error":"token_revoked"}`, analysis.Denied},
		{"Socket Mode is off", appToken, `{"ok":false,"error":"socket_mode_disabled"}`, analysis.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStandIn(t)
			if c.answer != "" {
				s.answer["apps.connections.open"] = says(c.answer)
			}
			a, logs := logged(t, withButtons(s, overSocket, func(s *slack.Settings) { s.AppToken = config.NewSecret(c.token) }))
			err := a.(analysis.Listener).Listen(t.Context(), newHouse(""))
			if analysis.KindOf(err) != c.want {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if all := err.Error() + logs.String(); strings.Contains(all, "planted") || strings.Contains(all, c.token) {
				t.Errorf("the token got out: %s", all)
			}
			if err := a.(analysis.Checker).Check(t.Context()); analysis.KindOf(err) != c.want {
				t.Errorf("check: %v, want %q", err, c.want)
			}
		})
	}
}

// TestSocketEgress: the socket goes where egress lets it, as all else does.
func TestSocketEgress(t *testing.T) {
	s := newStandIn(t)
	s.answer["apps.connections.open"] = says(`{"ok":true,"url":"ws://169.254.169.254/link/?ticket=t-1&app_id=A0"}`)
	a, logs := logged(t, withButtons(s, overSocket))
	err := a.(analysis.Listener).Listen(t.Context(), newHouse(""))
	if analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), "169.254.169.254 is refused") {
		t.Errorf("error %v", err)
	}
	if strings.Contains(err.Error()+logs.String(), "t-1") {
		t.Errorf("the ticket got out: %v %s", err, logs)
	}
	set := withButtons(s, overSocket)
	denied, _ := set.Open(config.Env{Name: "oncall", Egress: config.Egress{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
	if err := denied.(analysis.Listener).Listen(t.Context(), newHouse("")); analysis.KindOf(err) != analysis.Invalid {
		t.Errorf("error %v", err)
	}
}

// TestListenWithoutButtons: there is nothing to listen to.
func TestListenWithoutButtons(t *testing.T) {
	s := newStandIn(t)
	for _, set := range []*slack.Settings{bot(s.URL+"/api", s.token, "C012ABCDEF"), hook(s.URL + "/services/x")} {
		if err := open(t, set).(analysis.Listener).Listen(t.Context(), newHouse("")); err != nil || s.called() != "" {
			t.Errorf("error %v after %q", err, s.called())
		}
	}
}
