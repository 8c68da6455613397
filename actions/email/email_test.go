package email

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/mail"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

func plain(s *Settings) { s.Security = noTLS }

// TestReplies is the table of what is tried again and what is final, at each step of
// the conversation.
func TestReplies(t *testing.T) {
	for _, c := range []struct {
		at, reply string
		want      analysis.Kind
	}{
		{"greeting", "421 too busy", analysis.Unavailable},
		{"greeting", "554 go away", analysis.Invalid},
		{"greeting", "", analysis.Unavailable},
		{"greeting", "HTTP/1.1 400 Bad Request", analysis.Unavailable},
		{"greeting", "endless", analysis.Unavailable},
		{"EHLO", "endless", analysis.Unavailable},
		{"MAIL", "451 later", analysis.Unavailable},
		{"MAIL", "553 not you", analysis.Invalid},
		{"MAIL", "530 sign in", analysis.Denied},
		{"MAIL", "", analysis.Unavailable},
		{"MAIL", "nonsense", analysis.Unavailable},
		{"RCPT", "450 locked", analysis.Unavailable},
		{"RCPT", "550 no such user", analysis.Invalid},
		{"DATA", "452 disk full", analysis.Unavailable},
		{"DATA", "554 no", analysis.Invalid},
		{"mail", "451 later", analysis.Unavailable},
		{"mail", "552 too large", analysis.Invalid},
		{"mail", "554 spam", analysis.Invalid},
		{"mail", "", analysis.Unavailable},
		{"RSET", "500 what", ""},
		{"QUIT", "", ""},
		{"QUIT", "421 no", ""},
	} {
		s := newStandIn(t, map[string]string{c.at: c.reply})
		_, err := opened(t, at(s.address(), plain)).Perform(t.Context(), actiontest.Delivery(1))
		if analysis.KindOf(err) != c.want {
			t.Errorf("%s %q: error %v, want %q", c.at, c.reply, err, c.want)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "email mail at "+s.address()+": ") {
			t.Errorf("error %q does not say who", err)
		}
	}
}

// TestOffers: a server that offers less than is wanted.
func TestOffers(t *testing.T) {
	s := newStandIn(t, nil)
	_, err := opened(t, at(s.address())).Perform(t.Context(), actiontest.Delivery(1))
	if analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), "offers no STARTTLS") || len(s.got()) != 0 {
		t.Errorf("error %v, want no STARTTLS", err)
	}
	if strings.Contains(s.commands(), "MAIL") {
		t.Errorf("it was sent in the clear: %s", s.commands())
	}
}

// TestWays: cancelled, slow, nobody there, and addresses that are refused.
func TestWays(t *testing.T) {
	for _, where := range []string{"greeting", "EHLO", "RCPT", "mail"} {
		s := newStandIn(t, map[string]string{where: "..."})
		quick := func(s *Settings) { s.Timeout = analysis.Duration(100 * time.Millisecond) }
		if _, err := opened(t, at(s.address(), plain, quick)).Perform(t.Context(), actiontest.Delivery(1)); analysis.KindOf(err) != analysis.Unavailable {
			t.Errorf("slow at %s: error %v, want unavailable", where, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-s.silent // from before
			<-s.silent
			cancel()
		}()
		if _, err := opened(t, at(s.address(), plain)).Perform(ctx, actiontest.Delivery(1)); analysis.KindOf(err) != analysis.Unavailable {
			t.Errorf("cancelled at %s: error %v, want unavailable", where, err)
		}
	}
	nobody := opened(t, at(actiontest.FreeAddress(t)))
	if _, err := nobody.Perform(t.Context(), actiontest.Delivery(1)); analysis.KindOf(err) != analysis.Unavailable {
		t.Errorf("nobody listens: error %v", err)
	}
	if err := nobody.Check(t.Context()); analysis.KindOf(err) != analysis.Unavailable {
		t.Errorf("nobody listens: check says %v", err)
	}
	s := newStandIn(t, nil)
	deny := config.Env{Name: "mail", Egress: config.Egress{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
	for address, env := range map[string]config.Env{s.address(): deny, "169.254.169.254:25": {Name: "mail"}} {
		a, err := at(address, plain).Open(env)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Perform(t.Context(), actiontest.Delivery(1)); analysis.KindOf(err) != analysis.Invalid || s.commands() != "" {
			t.Errorf("%s: error %v after %q, want invalid and nothing", address, err, s.commands())
		}
	}
}

// TestSame: a repeat is the same mail, byte for byte but for the boundaries; many at
// once are many mails; the delivery is left as it was; check sends none.
func TestSame(t *testing.T) {
	s := newStandIn(t, nil)
	a := opened(t, at(s.address(), plain))
	if err := a.Check(t.Context()); err != nil || strings.Contains(s.commands(), "MAIL") {
		t.Errorf("check says %v after %s", err, s.commands())
	}
	d := actiontest.Delivery(1)
	before, _ := json.Marshal([]any{d, d.Event.Notice})
	for range 2 {
		actiontest.Done(t, a, d)
	}
	if after, _ := json.Marshal([]any{d, d.Event.Notice}); string(after) != string(before) {
		t.Errorf("the delivery was changed to %s", after)
	}
	var headers []string
	for _, text := range s.got() {
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		headers = append(headers, m.Header.Get("Message-Id")+m.Header.Get("Date")+m.Header.Get("Subject"))
	}
	if headers[0] != headers[1] || !strings.HasPrefix(headers[0], "<"+d.ID+"@example.com>Wed, 04 Mar 2026 03:00:00 +0000") {
		t.Errorf("two mails: %q", headers)
	}
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			if _, err := a.Perform(t.Context(), actiontest.Delivery(i)); err != nil {
				t.Errorf("delivery %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if n := len(s.got()); n != 14 {
		t.Errorf("%d mails, want 14", n)
	}
}

// TestTexts: whatever there is to say, it is one mail with one subject and no markup
// from outside.
func TestTexts(t *testing.T) {
	s := newStandIn(t, nil)
	a := opened(t, at(s.address(), plain, func(s *Settings) { s.To = []string{"oncall@example.com"} }))
	evil := "a\r\nBcc: evil@example.org\r\n\r\n<script>alert(1)</script><img src=x>\r\n.\r\nQUIT"
	for _, text := range append(actiontest.Long(), evil) {
		for _, event := range actiontest.Told() {
			actiontest.Done(t, a, actiontest.Verbose(event, text, 60))
		}
	}
	for _, text := range s.got() {
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		l := letter{m.Header, map[string]string{}}
		l.read(t, m.Header.Get("Content-Type"), "", m.Body)
		if m.Header.Get("Bcc") != "" || m.Header.Get("To") != "<oncall@example.com>" || strings.Contains(l.parts["text/html"], "<script") || strings.Contains(l.parts["text/html"], "<img") {
			t.Errorf("mail %v\n%.500s", m.Header, l.parts["text/html"])
		}
		if len(text) > 2<<20 {
			t.Errorf("a mail of %d bytes", len(text))
		}
	}
}

// TestRecipients: a template makes one address, or none is written to.
func TestRecipients(t *testing.T) {
	s := newStandIn(t, nil)
	a := opened(t, at(s.address(), plain))
	for _, owner := range []string{"a@example.org, b", "a b", "<x>", "", "a\r\nRCPT TO:<evil@example.org>"} {
		_, err := a.Perform(t.Context(), actiontest.About(1, analysis.EventRunFailed, func(n *analysis.Notice) { n.Plan.Owner = owner }))
		if analysis.KindOf(err) != analysis.Invalid || len(s.got()) != 0 {
			t.Errorf("owner %q: error %v and %d mails", owner, err, len(s.got()))
		}
	}
}

// TestSecrets: a server that repeats the password gets it no further.
func TestSecrets(t *testing.T) {
	for _, secret := range append(actiontest.Planted(), "pass word") {
		token := base64.StdEncoding.EncodeToString([]byte("\x00haldane\x00" + secret))
		for _, said := range []string{secret, token, base64.StdEncoding.EncodeToString([]byte(secret))} {
			said = strings.Join(strings.Fields(said), " ")
			s := newStandIn(t, map[string]string{"MAIL": "550 you said " + said})
			set := at(s.address(), plain)
			set.Username, set.Password = "haldane", config.NewSecret(secret)
			p, _ := set.compile()
			a := &Action{
				who: "email", settings: at(s.address(), plain), parts: p, dial: dialer(config.Egress{}, time.Second),
				redact: config.NewRedactor(secret, "\x00haldane\x00"+secret),
			}
			_, err := a.Perform(t.Context(), actiontest.Delivery(1))
			out := fmt.Sprintf("%v %+v %+v", err, analysis.AsError(err), set)
			if err == nil || strings.Contains(out, said) {
				t.Errorf("%q got out: %s", said, out)
			}
		}
	}
}

// TestSettings: each mistake is found, said at its field, and tells no secret.
func TestSettings(t *testing.T) {
	const planted = "planted-Secret"
	secret := config.NewSecret(planted)
	for _, c := range []struct {
		field  string
		change func(*Settings)
	}{
		{"server", func(s *Settings) { s.Server = "smtp.example.com" }},
		{"server", func(s *Settings) { s.Server = ":25" }},
		{"server", func(s *Settings) { s.Server = "smtp:99999" }},
		{"security", func(s *Settings) { s.Security = "ssl" }},
		{"from", func(s *Settings) { s.From = "haldane" }},
		{"to", func(s *Settings) { s.To = nil }},
		{"to[1]", func(s *Settings) { s.To[1] = "oncall" }},
		{"to[0]", func(s *Settings) { s.To[0] = "{{.Nowhere}}" }},
		{"password", func(s *Settings) { s.Username = "haldane" }},
		{"password", func(s *Settings) { s.Password = secret }},
		{"security", func(s *Settings) { s.Username, s.Password, s.Security = "haldane", secret, noTLS }},
		{"password", func(s *Settings) { s.Username, s.Password = "haldane", config.NewSecret(planted+"\x00") }},
		{"tls.ca", func(s *Settings) { s.TLS.CA = "/nowhere" }},
	} {
		s := at("smtp.example.com:587", c.change)
		got := s.Check()
		_, err := s.Open(config.Env{Name: "mail"})
		if len(got) != 1 || got[0].Field != c.field || err == nil {
			t.Errorf("problems %+v, error %v, want one at %s", got, err, c.field)
		}
		if out := fmt.Sprintf("%+v %v %+v %#v", got, err, s, s); strings.Contains(out, planted) {
			t.Errorf("a secret got out: %s", out)
		}
	}
	if s := at("smtp:25"); s.ChangesWorld() || !s.Threads() || len(s.Check()) != 0 {
		t.Errorf("problems %+v", s.Check())
	}
}
