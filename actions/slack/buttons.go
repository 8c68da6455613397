package slack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// verb is what a button asks for.
type verb string

const (
	rollBack   verb = "rollback"
	approve    verb = "approve"
	keep       verb = "keep"
	rightYes   verb = "right-yes"
	rightNo    verb = "right-no"
	rightMaybe verb = "right-unsure"
)

// offers are the buttons that change the world and make sense for how a run stands. A
// press is measured by it again, since messages grow old.
func offers(run *analysis.Run) []verb {
	if run == nil {
		return nil
	}
	r := run.Rollback
	switch {
	case r.State == analysis.RollbackAwaitingApproval:
		return []verb{approve, keep}
	case r.State.Underway(), run.BaselineVersion == "":
		return nil
	case run.Status == analysis.StatusRunning:
		return []verb{rollBack}
	case run.Status != analysis.StatusFinished, run.Outcome == nil, *run.Outcome == analysis.OutcomePass:
		return nil
	case *run.Outcome == analysis.OutcomeFail && (r.State == analysis.RollbackNone || strings.HasPrefix(r.Reason, "superseded")):
		return nil // nothing could roll it back, or a newer release has taken its place
	}
	return []verb{rollBack}
}

// asksWhether reports whether people are asked if a run's verdict was right.
func asksWhether(run *analysis.Run) bool {
	return run != nil && run.Outcome != nil && *run.Outcome != analysis.OutcomeInconclusive
}

// buttons are those of one message, and the links that have none.
type buttons struct {
	acts     *slack.ActionBlock // what to do, and where to look
	feedback *slack.ActionBlock
	links    []config.Link
	linkSize int // of the buttons that are links
}

// plainButtons are none at all: Slack marks a button as broken when nobody answers to
// its press, even if all it does is to open a page.
func plainButtons(m config.Message) buttons { return buttons{links: m.Links} }

// buttons makes those for a message.
func (a *Action) buttons(n *analysis.Notice, m config.Message) buttons {
	if a.settings.Interactive == "" {
		return plainButtons(m)
	}
	b, acts := buttons{}, []slack.BlockElement{}
	if n != nil && n.Run != nil && len(a.settings.Operators) > 0 && !n.Plan.DryRun {
		for _, v := range offers(n.Run) {
			acts = append(acts, a.button(v, n.Run))
		}
	}
	acts = append(acts, b.open(m, a.name)...)
	if len(acts) > 0 {
		b.acts = slack.NewActionBlock("", acts...)
	}
	if n != nil && asksWhether(n.Run) {
		b.feedback = slack.NewActionBlock("", a.button(rightYes, n.Run), a.button(rightNo, n.Run), a.button(rightMaybe, n.Run))
	}
	return b
}

// open makes buttons of the links that matter most, and keeps the others as links.
func (b *buttons) open(m config.Message, name string) []slack.BlockElement {
	var out []slack.BlockElement
	all := slices.Clone(m.Links)
	if i := slices.IndexFunc(m.Findings, func(l config.Line) bool { return l.Link != "" }); i >= 0 {
		all = append(all, config.Link{Text: "Query", URL: m.Findings[i].Link})
	}
	for i, l := range all {
		n := size(l.URL)
		first := !slices.ContainsFunc(all[:i], func(o config.Link) bool { return o.Text == l.Text })
		known := first && slices.Contains([]string{"Runbook", "Report", "Query"}, l.Text)
		switch {
		case known && n <= maxLink && b.linkSize+n < maxSection:
			e := slack.NewButtonBlockElement(actionID(verb("open-"+strings.ToLower(l.Text)), name), "", label(l.Text))
			out = append(out, e.WithURL(l.URL))
			b.linkSize += n + blockSize
		case i < len(m.Links):
			b.links = append(b.links, l)
		}
	}
	return out
}

// button makes one that asks for something about a run. It carries the run's ID and
// nothing else: all else is looked up when it is pressed.
func (a *Action) button(v verb, run *analysis.Run) *slack.ButtonBlockElement {
	texts := map[verb]string{
		rollBack: "Roll back now", approve: "Approve the rollback", keep: "Keep the release",
		rightYes: "Yes", rightNo: "No", rightMaybe: "Unsure",
	}
	e := slack.NewButtonBlockElement(actionID(v, a.name), run.ID, label(texts[v]))
	from := cutRunes(subject(run), 120)
	to := cutRunes(rollbackTo(run), 60)
	switch v {
	case rollBack:
		e.WithStyle(slack.StyleDanger).WithConfirm(confirm("Roll back now?", from+" goes back to "+to+".", "Roll back"))
	case approve:
		e.WithStyle(slack.StylePrimary).WithConfirm(confirm("Approve the rollback?", from+" goes back to "+to+".", "Approve"))
	case keep:
		e.WithConfirm(confirm("Keep the release?", from+" stays; nothing is rolled back.", "Keep it"))
	}
	return e
}

func confirm(title, text, yes string) *slack.ConfirmationBlockObject {
	return slack.NewConfirmationBlockObject(label(title), label(text), label(yes), label("Not now"))
}

// label is a text without markup.
func label(text string) *slack.TextBlockObject {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	return slack.NewTextBlockObject(slack.PlainTextType, text, false, false)
}

// subject is which release of what.
func subject(run *analysis.Run) string {
	s := run.Service
	if run.Version != "" {
		s += " " + run.Version
	}
	if run.Environment != "" {
		s += " in " + run.Environment
	}
	return s
}

func rollbackTo(run *analysis.Run) string {
	if run.Rollback.To != "" {
		return run.Rollback.To
	}
	return run.BaselineVersion
}

// actionID names a button: what it asks for, and which action of the config posted it.
func actionID(v verb, name string) string { return fmt.Sprintf("haldane/%s/%s", v, name) }

// parseActionID is its reverse.
func parseActionID(id string) (v verb, name string, ok bool) {
	rest, ours := strings.CutPrefix(id, "haldane/")
	what, name, found := strings.Cut(rest, "/")
	return verb(what), name, ours && found
}

func blockLength(b *slack.ActionBlock) int {
	if b == nil {
		return 0
	}
	text, _ := json.Marshal(b) // it always can
	return len(text) + 2
}
