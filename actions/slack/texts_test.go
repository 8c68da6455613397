package slack_test

import (
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/slack"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// TestOwnTexts: what the config's templates make is escaped like Haldane's words, whether
// it comes from the template or from a name, and a template that fails is told.
func TestOwnTexts(t *testing.T) {
	s := newStandIn(t)
	a := open(t, bot(s.URL+"/api", s.token, "#checkout-oncall", func(s *slack.Settings) {
		s.Texts = config.Texts{
			analysis.EventRunFailed: {Title: "<!here> {{.Run.Version}} & more", Text: "<https://evil.example.com|click> *{{.Run.Service}}*"},
			"any":                   {Title: "{{.Run.Variables.none}}", Text: "news of {{.Run.Service}}"},
		}
	}))
	first := perform(t, a, about("dlv_1", analysis.EventRunFailed, func(r *analysis.Run) { r.Version, r.Service = "<@U012ABC>", "<!channel>" }))
	m := s.posted()[0]
	for _, want := range []string{"&lt;!here&gt; &lt;@U012ABC&gt; &amp; more", "&lt;https://evil.example.com|click&gt; *&lt;!channel&gt;*"} {
		if !strings.Contains(m.all(), want) || !strings.Contains(m.Text, want) {
			t.Errorf("%q is not in the message:\n%s\n%s", want, m.all(), m.Text)
		}
	}
	for _, found := range markup.FindAllString(m.all()+m.Text, -1) {
		if !strings.HasPrefix(found, "<https://") || strings.HasPrefix(found, "<https://evil") {
			t.Errorf("markup %s", found)
		}
	}
	perform(t, a, about("dlv_2", analysis.EventRunPassed, nil, first))
	builtIn := config.Compose(about("", analysis.EventRunPassed, nil).Event).Title
	head, news := s.posted()[0].all(), s.posted()[1].all()
	if !strings.Contains(head, "Template failed: *title: template, line 1: it uses a key that does not exist") {
		t.Errorf("the small print does not say what failed:\n%s", head)
	}
	for _, text := range []string{head, news} {
		if !strings.Contains(text, builtIn) || !strings.Contains(text, "news of checkout") {
			t.Errorf("%q and the own text are not in:\n%s", builtIn, text)
		}
	}
}
