package web

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	who    string
	redact config.Redactor
}

// Said is the beginning of what the other side said, for people: its message when the
// answer is JSON that has one, without secrets. A page says nothing.
func (a Answer) Said() string {
	text := strings.TrimSpace(string(a.Body))
	if strings.HasPrefix(text, "<") {
		return ""
	}
	var says map[string]any
	if json.Unmarshal(a.Body, &says) == nil {
		for _, key := range []string{"message", "error", "detail", "details", "ErrorMessage"} {
			if s, ok := says[key].(string); ok && s != "" {
				text = s
				break
			}
		}
	}
	return a.Safe(text)
}

// Safe makes a text of the answer fit to be shown: one short line, without secrets.
func (a Answer) Safe(text string) string { return a.redact.Text([]byte(text), maxText) }

// Reworded is the error of a refusal with other words of the answer than Said's.
func (a Answer) Reworded(err error, words string) error {
	e := *analysis.AsError(err)
	e.Message = strings.TrimSuffix(e.Message, ": "+a.Said()) + ": " + a.Safe(words)
	return &e
}

// JSON reads the answer. One that is not what the vendor speaks is Unavailable: it
// comes from something in between, or is cut off.
func (a Answer) JSON(into any) error {
	if err := json.Unmarshal(a.Body, into); err != nil {
		return a.Nonsense()
	}
	return nil
}

// Nonsense is the error for an answer that lacks what it must have.
func (a Answer) Nonsense() error { return nonsense(a.who) }

func nonsense(who string) error {
	return analysis.Errorf(analysis.Unavailable, "%s: its answer was not understood", who).
		WithHint("check its address: something else may be answering")
}
