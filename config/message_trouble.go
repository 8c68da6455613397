package config

import (
	"errors"
	"regexp"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// The forms of text/template's errors: where, and at which part of the template.
var (
	templatePlace = regexp.MustCompile(`^template: (?:[^:]*):(\d+)(?::(\d+))?: `)
	templateExec  = regexp.MustCompile(`(?s)^executing "[^"]*" at <(.*?)>: (.*)$`)
)

// plain puts an error of text/template into plain words. Those errors quote the
// template, which may be a secret: then only their sort is told.
func (t *MessageTemplate) plain(err error) *analysis.Error {
	var own *analysis.Error
	if errors.As(err, &own) {
		return own
	}
	text, where := err.Error(), "template"
	if m := templatePlace.FindStringSubmatch(text); m != nil {
		text, where = text[len(m[0]):], "template, line "+m[1]
	}
	at, why := "", text
	if m := templateExec.FindStringSubmatch(text); m != nil {
		at, why = m[1], m[2]
	}
	e := analysis.Errorf(analysis.Invalid, "%s: %s", where, reword(why))
	if !t.hidden && !strings.HasPrefix(at, "_") { // an escaper of ours is no part of the template
		detail := why
		if at != "" {
			detail = at + ": " + why
		}
		e = analysis.Errorf(analysis.Invalid, "%s: %s (%s)", where, reword(why), detail)
	}
	return e.Because(err).WithHint("{{.Run.Version}}, {{.Rollback.To}}, {{.DeliveryID}}, ...: see the reference for what there is")
}

// notThere is said of what an event does not have.
const notThere = "it uses something that this event does not have"

// reword names the sort of an error of text/template.
func reword(why string) string {
	for _, s := range []struct{ part, words string }{
		{"nil pointer evaluating", notThere},
		{"nil data", notThere},
		{"map has no entry for key", "it uses a key that does not exist"},
		{"can't evaluate field", "it uses a field that does not exist"},
		{"is not a field of struct type", "it uses a field that does not exist"},
		{"function", "it uses a function that does not exist, or wrongly"},
		{"wrong number of args", "it uses a function wrongly"},
		{"unclosed", "a {{ is not closed"},
		{"unexpected EOF", "an {{end}} is missing"},
		{"unexpected {{end}}", "an {{end}} too many"},
	} {
		if strings.Contains(why, s.part) {
			return s.words
		}
	}
	return "it is not understood"
}
