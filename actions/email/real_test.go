package email

import (
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// at returns sound settings for a server.
func at(server string, change ...func(*Settings)) *Settings {
	s := New().(*Settings)
	s.Server, s.From, s.To = server, "Haldane <haldane@example.com>", []string{"oncall@example.com", "{{.Plan.Owner}}@example.com"}
	for _, c := range change {
		c(s)
	}
	return s
}

func opened(t *testing.T, s *Settings) *Action {
	t.Helper()
	a, err := s.Open(config.Env{Name: "mail", Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	return a.(*Action)
}

// letter is a mail as it lies in a mailbox, with its parts by their types.
type letter struct {
	mail.Header

	parts map[string]string
}

// mailbox reads a file in the form mbox.
func mailbox(t *testing.T, file string) []letter {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var out []letter
	for one := range strings.SplitSeq("\n"+string(text), "\nFrom ") {
		if _, rest, ok := strings.Cut(one, "\n"); ok && one != "" {
			m, err := mail.ReadMessage(strings.NewReader(rest))
			if err != nil {
				t.Fatalf("%v in\n%s", err, rest)
			}
			l := letter{m.Header, map[string]string{}}
			l.read(t, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
			out = append(out, l)
		}
	}
	return out
}

func (l letter) read(t *testing.T, contentType, _ string, body io.Reader) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		b, _ := io.ReadAll(body)
		l.parts[kind] = string(b)
		return
	}
	for r := multipart.NewReader(body, params["boundary"]); ; {
		p, err := r.NextPart()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if id := p.Header.Get("Content-ID"); id != "" {
			l.parts["id"] = id
		}
		l.read(t, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p)
	}
}

// TestRealServer sends the mails of a run through a real server: one thread, signed in
// over TLS in both ways, with a picture.
func TestRealServer(t *testing.T) {
	e := startExim(t)
	login := func(s *Settings) {
		s.Username, s.Password, s.TLS.CA = "haldane", config.NewSecret("open sesame"), e.ca
	}
	start := opened(t, at(e.plain, login))
	full := opened(t, at(e.secure, login, func(s *Settings) { s.Security = fullTLS }))
	for _, a := range []*Action{start, full} {
		if err := a.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	first := actiontest.Done(t, start, actiontest.About(1, analysis.EventRunFailed, actiontest.Evident))
	second := actiontest.Done(t, full, actiontest.About(1, analysis.EventRollbackUpdated, actiontest.Rollback(analysis.RollbackDone), first))
	actiontest.Done(t, start, actiontest.About(1, analysis.EventRollbackVerified, nil, first, second))
	var got []letter
	actiontest.Eventually(t, "six mails lie in the mailbox", func() bool { got = mailbox(t, e.mailbox); return len(got) == 6 })
	byID := map[string]letter{}
	for _, l := range got {
		byID[l.Get("Message-Id")] = l
	}
	if len(byID) != 3 {
		t.Fatalf("%d different mails, want 3", len(byID))
	}
	one, two := byID["<"+first.Refs["message_id"]+">"], byID["<"+second.Refs["message_id"]+">"]
	if one.Get("Subject") != "checkout 1.4.2 in production: failed, rolling back to 1.4.1" || two.Get("Subject") != "Re: "+one.Get("Subject") ||
		two.Get("In-Reply-To") != one.Get("Message-Id") || one.Get("In-Reply-To") != "" || one.Get("Importance") != "high" {
		t.Errorf("first %v\nsecond %v", one.Header, two.Header)
	}
	for id, l := range byID {
		if l.Get("Date") != "Wed, 04 Mar 2026 03:00:00 +0000" || !strings.Contains(l.Get("From"), "haldane@example.com") ||
			!strings.Contains(l.Get("To"), "oncall@example.com") || !strings.Contains(l.Get("To"), "team-checkout@example.com") || l.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("mail %s: %v", id, l.Header)
		}
		if strings.Contains(l.Get("Subject"), "Re:") && !strings.HasPrefix(l.Get("References"), one.Get("Message-Id")) {
			t.Errorf("references %q", l.Get("References"))
		}
	}
	if !strings.Contains(one.parts["text/plain"], "errors rose from 0.1 % to 5 %.") || !strings.Contains(one.parts["text/html"], `href="https://runbooks.example.com/checkout"`) ||
		!strings.Contains(one.parts["text/html"], `src="cid:chart"`) || one.parts["id"] != "<chart>" || strings.Contains(two.parts["text/html"], "cid:") {
		t.Errorf("parts %v", one.parts)
	}
}

// TestRealRefusals: what a real server says no to, and whether that is for good.
func TestRealRefusals(t *testing.T) {
	e := startExim(t)
	for _, c := range []struct {
		name   string
		change func(*Settings)
		want   analysis.Kind
		says   string
	}{
		{"a wrong password", func(s *Settings) { s.Password = config.NewSecret("open barley") }, analysis.Denied, "did not let Haldane sign in (535)"},
		{"nobody signs in", func(s *Settings) { s.Username, s.Password = "", config.Secret{} }, analysis.Invalid, "sign in first"},
		{"another domain", func(s *Settings) { s.To = []string{"x@elsewhere.example.org"} }, analysis.Invalid, "no such domain here"},
		{"a locked mailbox", func(s *Settings) { s.To = []string{"busy@example.com"} }, analysis.Unavailable, "mailbox is locked"},
		{"a stranger's certificate", func(s *Settings) { s.TLS.CA = "" }, analysis.Unavailable, "unknown authority"},
		{"TLS on the wrong port", func(s *Settings) { s.Security = fullTLS }, analysis.Unavailable, "does not speak TLS"},
		{"no TLS, then", func(s *Settings) { s.Security, s.Username, s.Password = noTLS, "", config.Secret{} }, analysis.Invalid, "sign in first"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := at(e.plain, func(s *Settings) {
				s.Username, s.Password, s.TLS.CA = "haldane", config.NewSecret("open sesame"), e.ca
			}, c.change)
			_, err := opened(t, s).Perform(t.Context(), actiontest.Delivery(1))
			if analysis.KindOf(err) != c.want || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "open ") {
				t.Errorf("error %v, want %s with %q", err, c.want, c.says)
			}
		})
	}
	if got := mailbox(t, e.mailbox); len(got) != 0 {
		t.Errorf("%d mails were delivered", len(got))
	}
}
