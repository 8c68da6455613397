package email

import (
	"mime"
	"net/mail"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// TestOwnTexts: the config's words make the subject and both forms of the mail, with no
// header and no markup of their own.
func TestOwnTexts(t *testing.T) {
	s := newStandIn(t, nil)
	a := opened(t, at(s.address(), plain, func(s *Settings) {
		s.To = []string{"oncall@example.com"}
		s.Texts = config.Texts{
			analysis.EventRunFailed: {Title: "<b>{{.Run.Service}}\r\nBcc: evil@example.org\r\n\r\nis bad", Text: "<script>{{.Run.Version}}</script>"},
			"any":                   {Text: "{{.Failed.Action}}"},
		}
	}))
	actiontest.Done(t, a, actiontest.About(1, analysis.EventRunFailed, func(n *analysis.Notice) { n.Run.Version = "1.4.2 <img src=x>" }))
	actiontest.Done(t, a, actiontest.About(1, analysis.EventRunPassed, nil))
	var letters []letter
	for _, text := range s.got() {
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		l := letter{m.Header, map[string]string{}}
		l.read(t, m.Header.Get("Content-Type"), "", m.Body)
		letters = append(letters, l)
	}
	failed, passed := letters[0], letters[1]
	subject, err := new(mime.WordDecoder).DecodeHeader(failed.Get("Subject"))
	if err != nil || subject != "<b>checkout Bcc: evil@example.org is bad" || failed.Get("Bcc") != "" {
		t.Errorf("subject %q, %v, header %v", subject, err, failed.Header)
	}
	const text, html = "<script>1.4.2 <img src=x></script>", "&lt;script&gt;1.4.2 &lt;img src=x&gt;&lt;/script&gt;"
	if !strings.Contains(failed.parts["text/plain"], text) || !strings.Contains(failed.parts["text/html"], html) || strings.Contains(failed.parts["text/html"], "<script>") {
		t.Errorf("text %s\npage %s", failed.parts["text/plain"], failed.parts["text/html"])
	}
	for kind, body := range passed.parts {
		if !strings.Contains(body, "Template failed") || !strings.Contains(body, "No rollback is needed") {
			t.Errorf("%s does not say that its template failed:\n%s", kind, body)
		}
	}
}
