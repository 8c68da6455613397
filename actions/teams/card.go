package teams

import (
	"strconv"
	"unicode/utf16"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/config"
)

// Teams takes about 28 KB, and it is not said how it counts: here a message counts as
// the larger of its bytes and of two bytes for each UTF-16 unit.
const maxMessage = 27 << 10

// Further limits: Teams shows six buttons, and long texts are no help to anybody.
const (
	maxActions  = 6
	maxFindings = 10
	maxText     = 1000
	maxHref     = 2000
)

// message is what the workflow's trigger takes.
type message struct {
	Type        string       `json:"type"`
	Attachments []attachment `json:"attachments"`
}

type attachment struct {
	ContentType string  `json:"contentType"`
	ContentURL  *string `json:"contentUrl"` // null, and it must be there
	Content     card    `json:"content"`
}

// card is an adaptive card of version 1.4.
type card struct {
	Schema   string         `json:"$schema"`
	Type     string         `json:"type"`
	Version  string         `json:"version"`
	Fallback string         `json:"fallbackText"` // for clients that show no cards
	Body     []block        `json:"body"`
	Actions  []button       `json:"actions,omitempty"`
	Teams    map[string]any `json:"msteams"`
}

// block is a RichTextBlock: its runs are shown as they are, without Markdown.
type block struct {
	Type      string `json:"type"`
	Inlines   []run  `json:"inlines"`
	Separator bool   `json:"separator,omitempty"`
}

type run struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Size   string `json:"size,omitempty"`
	Weight string `json:"weight,omitempty"`
	Color  string `json:"color,omitempty"`
	Subtle bool   `json:"isSubtle,omitempty"`
}

type button struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

// write makes the message, and shortens it until Teams takes it: metrics are left out
// first, then texts are cut.
func write(m config.Message) ([]byte, error) {
	var body []byte
	for _, limit := range []int{maxText, 300, 100} {
		for n := min(maxFindings, len(m.Findings)); n >= 0; n-- {
			var err error
			if body, err = web.Encode(wrap(m, n, limit)); err != nil || size(body) <= maxMessage {
				return body, err
			}
		}
	}
	return body, nil
}

// size is how large Teams may think that a message is.
func size(body []byte) int { return max(len(body), 2*len(utf16.Encode([]rune(string(body))))) }

// wrap makes a message that shows n metrics, with texts of at most limit characters.
func wrap(m config.Message, n, limit int) message {
	c := card{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4",
		Fallback: config.Cut(m.Title, limit), Teams: map[string]any{"width": "Full"},
	}
	c.Body = append(c.Body, text(run{Text: config.Cut(m.Title, limit), Size: "Large", Weight: "Bolder", Color: color(m.Mood)}))
	for _, s := range []string{m.Summary, m.Did} {
		if s != "" {
			c.Body = append(c.Body, text(run{Text: config.Cut(s, limit)}))
		}
	}
	if m.Next != "" {
		c.Body = append(c.Body, text(run{Text: "Next: ", Weight: "Bolder"}, run{Text: config.Cut(m.Next, limit)}))
	}
	c.Body = append(c.Body, findings(m.Findings, n, limit)...)
	c.Body = append(c.Body, facts(m.Facts, limit))
	for _, l := range m.Links {
		if len(c.Actions) < maxActions && len(l.URL) <= min(maxHref, 4*limit) { // cut, it would lead elsewhere
			c.Actions = append(c.Actions, button{"Action.OpenUrl", config.Cut(l.Text, 60), l.URL})
		}
	}
	return message{Type: "message", Attachments: []attachment{{ContentType: "application/vnd.microsoft.card.adaptive", Content: c}}}
}

// findings are a block for each of the n worst metrics, and how many there are besides.
func findings(list []config.Line, n, limit int) []block {
	var out []block
	for _, f := range list[:n] {
		name := config.Cut(f.Metric, limit)
		if f.Critical {
			name += " (critical)"
		}
		b := text(run{Text: name + ": ", Weight: "Bolder"}, run{Text: config.Cut(f.What, limit)})
		if f.Numbers != "" {
			b.Inlines = append(b.Inlines, run{Type: "TextRun", Text: " [" + config.Cut(f.Numbers, limit) + "]", Subtle: true})
		}
		for i, w := range f.Warnings {
			if i < 3 {
				b.Inlines = append(b.Inlines, run{Type: "TextRun", Text: " Warning: " + config.Cut(w, limit)})
			}
		}
		b.Separator = true
		out = append(out, b)
	}
	if more := len(list) - n; more > 0 {
		out = append(out, text(run{Text: "... and " + strconv.Itoa(more) + " more metrics: see the report"}))
	}
	return out
}

// facts are the small print, in one block.
func facts(list []config.Fact, limit int) block {
	b := block{Type: "RichTextBlock", Separator: true}
	for i, f := range list {
		before := ""
		if i > 0 {
			before = "  \u00B7  "
		}
		b.Inlines = append(b.Inlines, run{Type: "TextRun", Text: before + f.Key + ": ", Subtle: true},
			run{Type: "TextRun", Text: config.Cut(f.Value, min(limit, 200))})
	}
	if len(b.Inlines) == 0 {
		b.Inlines = []run{{Type: "TextRun", Text: "Haldane", Subtle: true}}
	}
	return b
}

func text(runs ...run) block {
	for i := range runs {
		runs[i].Type = "TextRun"
	}
	return block{Type: "RichTextBlock", Inlines: runs}
}

// color is that of the title.
func color(m config.Mood) string {
	switch m {
	case config.MoodGood:
		return "Good"
	case config.MoodBad:
		return "Attention"
	case config.MoodUnsure:
		return "Warning"
	}
	return "Default"
}
