package config_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// textsOf loads an action of a type that tells people, with these texts, and returns what
// words its messages, and what that logs.
func textsOf(t *testing.T, texts string) (*config.Composer, *bytes.Buffer) {
	t.Helper()
	c, err := loadText(t, strings.Replace(fmt.Sprintf(onePlan, "checkout"), `"#oncall"`, `"#oncall", texts: `+texts, 1))
	if err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	return c.Actions[0].Settings.Common().Composer(config.Env{Name: "oncall", Log: slog.New(slog.NewTextHandler(log, nil))}), log
}

func deliveryOf(e analysis.Event) analysis.Delivery { return analysis.Delivery{ID: "dlv_1", Event: e} }

// TestTexts: the texts of an event's type replace title and summary, any those of every
// other type, and all else of a message stays.
func TestTexts(t *testing.T) {
	c, log := textsOf(t, `{
		run.failed: {title: "{{upper .Run.Service}}\n {{.Run.Version}} <b>&", text: "{{.Type}} {{.DeliveryID}}: {{range .Findings}}{{.Metric}} {{end}}of {{.Plan.Owner}}"},
		run.passed: {text: "{{if .Failed}}failed{{end}}"},
		run.marginal: {title: hm},
		any: {title: "{{.Event.Type}}: {{default \"many\" .Run.Service}}"}}`)
	for _, w := range []struct {
		typ            analysis.EventType
		title, summary string // "=": the built-in one
	}{
		{analysis.EventRunFailed, "CHECKOUT 1.4.2 <b>&", "run.failed dlv_1: p99 saturation cpu errors of team-checkout"},
		{analysis.EventRunPassed, "=", ""},
		{analysis.EventRunMarginal, "hm", "="},
		{analysis.EventRollbackUpdated, "rollback.updated: checkout", "="},
		{"run.promoted", "run.promoted: checkout", "="},
	} {
		want := config.Compose(messageEvent(w.typ))
		if w.title != "=" {
			want.Title = w.title
		}
		if w.summary != "=" {
			want.Summary = w.summary
		}
		if got := c.Compose(deliveryOf(messageEvent(w.typ))); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s:\n%+v\nwant\n%+v", w.typ, got, want)
		}
	}
	digest := analysis.Event{Type: analysis.EventMessagesDigest, Text: "12 messages", Notice: &analysis.Notice{}}
	if got := c.Compose(deliveryOf(digest)); got.Title != "messages.digest: many" || got.TemplateTrouble() != "" {
		t.Errorf("digest: %+v", got)
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", log)
	}
}

// TestTextsOfADrill: its mark stands in front of any title, once.
func TestTextsOfADrill(t *testing.T) {
	c, _ := textsOf(t, `{run.failed: {title: "{{.Run.Version}} is bad"}, run.passed: {text: fine}, run.marginal: {title: "{{.Plan.Labels.tier}}"}}`)
	drill := func(_ *analysis.Event, _ *analysis.Notice, r *analysis.Run) { r.Drill = true }
	for typ, want := range map[analysis.EventType]string{
		analysis.EventRunFailed:   "DRILL: 1.4.2 is bad",
		analysis.EventRunPassed:   config.Compose(messageEvent(analysis.EventRunPassed, drill)).Title,
		analysis.EventRunMarginal: config.Compose(messageEvent(analysis.EventRunMarginal, drill)).Title, // its template fails
	} {
		got := c.Compose(deliveryOf(messageEvent(typ, drill))).Title
		if got != want || strings.Count(got, "DRILL") != 1 {
			t.Errorf("%s: title %q, want %q", typ, got, want)
		}
	}
}

// TestTextsThatFail: what fails, and only that, is said in the built-in words; the small
// print and the log say why.
func TestTextsThatFail(t *testing.T) {
	e := messageEvent(analysis.EventRunFailed, func(_ *analysis.Event, _ *analysis.Notice, r *analysis.Run) { r.ReleaseID = " " })
	builtIn := config.Compose(e)
	for _, c := range []struct{ title, text, wantTitle, wantText, trouble string }{
		{"{{.Plan.Labels.tier}}", "fine", "=", "fine", "title: template, line 1: it uses a key that does not exist (.Plan.Labels.tier: "},
		{"bad", "a\n{{.Run.Variables.region}}", "bad", "=", "text: template, line 2: it uses a key that does not exist"},
		{"{{.Rollback.To}}", "{{.Rollback.To}}", "=", "=", "; text: template, line 1: it uses something that this event does not have"},
		{"{{.Run.ReleaseID}}", "", "=", "=", "title: template: the title that it makes is empty"},
		{"", `{{range .Findings}}{{printf "%2500d" 1}}{{end}}`, "=", "=", "text: template: its text is larger than 8 KiB"},
	} {
		composer, log := textsOf(t, fmt.Sprintf(`{run.failed: {title: %q, text: %q}}`, c.title, c.text))
		m := composer.Compose(deliveryOf(e))
		want := builtIn
		if c.wantTitle != "=" {
			want.Title = c.wantTitle
		}
		if c.wantText != "=" {
			want.Summary = c.wantText
		}
		if m.Title != want.Title || m.Summary != want.Summary {
			t.Errorf("%q %q: %q and %q", c.title, c.text, m.Title, m.Summary)
		}
		if said := m.TemplateTrouble(); !strings.HasPrefix(said, "Template failed: ") || !strings.Contains(said, c.trouble) ||
			!strings.Contains(m.Text(), said) || m.Facts[0].Key+": "+m.Facts[0].Value != said || len(m.Facts) != len(builtIn.Facts)+1 {
			t.Errorf("%q %q: small print %q", c.title, c.text, m.Facts)
		}
		if !strings.Contains(log.String(), "action=oncall event=run.failed") {
			t.Errorf("%q %q: logged %q", c.title, c.text, log)
		}
	}
}

// TestTextsUnchecked: settings that no loader has checked lose no message either, nor does
// an action without a Composer.
func TestTextsUnchecked(t *testing.T) {
	s := config.ActionCommon{Texts: config.Texts{"any": {Title: "{{"}}}
	e := messageEvent(analysis.EventRunFailed)
	m := s.Composer(config.Env{}).Compose(deliveryOf(e))
	if m.Title != config.Compose(e).Title || !strings.Contains(m.TemplateTrouble(), "a {{ is not closed") {
		t.Errorf("%q, %q", m.Title, m.TemplateTrouble())
	}
	var none *config.Composer
	if m := none.Compose(deliveryOf(e)); m.Title != config.Compose(e).Title {
		t.Errorf("%q", m.Title)
	}
}

// TestTextsKnowEveryEvent: each type of event may have texts, and a template of any is
// tried on each of them.
func TestTextsKnowEveryEvent(t *testing.T) {
	types := messageConstants(t, "../analysis/event.go", "EventType")
	var all strings.Builder
	for _, typ := range types {
		fmt.Fprintf(&all, "%s: {text: '{{.Event.Text}} {{.Reason}}'}, ", typ)
	}
	textsOf(t, "{"+all.String()+"any: {title: '{{.Nonsense}}'}}") // of no type that is left
	for _, typ := range types {
		rest := strings.Replace(all.String(), typ+": {text: '{{.Event.Text}} {{.Reason}}'}, ", "", 1)
		_, err := loadText(t, "actions: {oncall: {type: slack, texts: {"+rest+"any: {title: '{{.Nonsense}}'}}}}\n")
		if err == nil || !strings.Contains(err.Error(), "texts.any.title: for "+typ+": template, line 1: it uses a field that does not exist") {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

// TestTextsOfWhatChangesTheWorld: it has nobody to tell.
func TestTextsOfWhatChangesTheWorld(t *testing.T) {
	file := t.TempDir() + "/haldane.yaml"
	write(t, file, "actions: {undo: {type: undo, timeout: 10s, texts: {any: {title: a}}}}\n")
	_, err := config.Load(file, config.Types{Actions: []config.ActionType{{Name: "undo", New: newUndoStandIn}}})
	if err == nil || !strings.Contains(err.Error(), "actions.undo.texts: it tells people nothing, it changes the world") {
		t.Errorf("%v", err)
	}
}

type undoStandIn struct {
	config.ActionCommon `yaml:",inline"`
}

func newUndoStandIn() config.ActionSettings { return &undoStandIn{} }

func (*undoStandIn) Check() []config.Problem                  { return nil }
func (*undoStandIn) Open(config.Env) (analysis.Action, error) { return nil, nil }
func (*undoStandIn) ChangesWorld() bool                       { return true }
func (*undoStandIn) Threads() bool                            { return false }
