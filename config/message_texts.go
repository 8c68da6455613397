package config

import (
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// Texts are an action's own words, by type of event; "any" is every other type.
type Texts map[analysis.EventType]Text

// Text replaces words of a message. Both are templates, of plain text that the channel
// escapes like the built-in words, and see MessageData. What is empty is not replaced.
type Text struct {
	Title string `yaml:"title" doc:"template of the title, which is one line; default: Haldane's words"`
	Text  string `yaml:"text" doc:"template of what happened and why, in one paragraph; default: Haldane's words"`
}

const (
	anyEvent analysis.EventType = "any"
	// maxTold is how long a title or text may become. Channels cut it to their own limits.
	maxTold = 8 << 10
)

// Composer words the messages of one action: as Compose does, except where the config
// has words of its own.
type Composer struct {
	action string
	log    *slog.Logger
	texts  map[analysis.EventType][]ownWords
}

// ownWords are a template for one part of a message.
type ownWords struct {
	field string // of Text, by its key
	tmpl  *MessageTemplate
	err   error // when it could not be parsed
}

// Composer returns what words the action's messages.
func (c *ActionCommon) Composer(env Env) *Composer {
	out := &Composer{action: env.Name, log: env.Log, texts: map[analysis.EventType][]ownWords{}}
	if out.log == nil {
		out.log = slog.New(slog.DiscardHandler)
	}
	for typ, text := range c.Texts {
		out.texts[typ] = text.parse()
	}
	return out
}

// Compose words the event of a delivery. A template that fails loses no message: the
// built-in words stand, and the small print says why.
func (c *Composer) Compose(d analysis.Delivery) Message {
	m := Compose(d.Event)
	if c == nil {
		return m
	}
	own, ok := c.texts[d.Event.Type]
	if !ok {
		own = c.texts[anyEvent]
	}
	var trouble []string
	for _, w := range own {
		s, err := w.render(NewMessageData(d))
		if err == nil {
			w.put(&m, d.Event, s)
			continue
		}
		why := analysis.AsError(err).Message
		trouble = append(trouble, w.field+": "+why)
		c.log.Warn("a template of a message failed, Haldane's own words are used",
			"action", c.action, "event", string(d.Event.Type), "template", w.field, "error", why)
	}
	if len(trouble) > 0 { // first, so that no channel cuts it off
		m.Facts = append([]Fact{{troubleFact, strings.Join(trouble, "; ")}}, m.Facts...)
	}
	return m
}

// troubleFact is the key of the small print about templates that failed.
const troubleFact = "Template failed"

// TemplateTrouble says which templates failed, and why; "" when none did. It stands in
// the Facts: it is for channels that do not show those.
func (m Message) TemplateTrouble() string {
	for _, f := range m.Facts {
		if f.Key == troubleFact {
			return f.Key + ": " + f.Value
		}
	}
	return ""
}

// parse parses what is not empty.
func (t Text) parse() []ownWords {
	var out []ownWords
	for _, part := range []struct{ field, text string }{{titleField, t.Title}, {"text", t.Text}} {
		if part.text == "" {
			continue
		}
		w := ownWords{field: part.field}
		if w.tmpl, w.err = parseTemplate(part.text, fixed("_plain"), false); w.err == nil {
			w.tmpl.check = fitsMessage
		}
		out = append(out, w)
	}
	return out
}

const titleField = "title"

// put replaces the part of a message that the words are for.
func (w ownWords) put(m *Message, e analysis.Event, s string) {
	if w.field == titleField {
		m.Title = marked(e, s)
		return
	}
	m.Summary = s
}

func fitsMessage(text string) error {
	if len(text) > maxTold {
		return analysis.Errorf(analysis.Invalid, "template: its text is larger than %d KiB", maxTold>>10).
			WithHint("a shorter one: the metrics and links are shown besides")
	}
	return nil
}

// render fills a template in, on one line.
func (w ownWords) render(d MessageData) (string, error) {
	if w.err != nil {
		return "", w.err
	}
	s, err := w.tmpl.Render(d)
	if err != nil {
		return "", err
	}
	s = strings.Join(strings.Fields(s), " ")
	if s == "" && w.field == titleField {
		return "", analysis.Errorf(analysis.Invalid, "template: the title that it makes is empty").
			WithHint("words that are there for every event, outside of {{if}} and {{with}}")
	}
	return s, nil
}

// check tries each template on a sample of each event that it is for.
func (t Texts) check() []Problem {
	var found []Problem
	add := func(path, message, hint string) { found = append(found, Problem{join("texts", path), message, hint}) }
	for _, typ := range slices.Sorted(maps.Keys(t)) {
		events := []analysis.EventType{typ}
		if typ == anyEvent {
			events = slices.DeleteFunc(eventTypes(), func(e analysis.EventType) bool { _, own := t[e]; return own })
		}
		if typ != anyEvent && !slices.Contains(eventTypes(), typ) {
			add(string(typ), "no such type of event: "+quoted(typ), meant(string(typ), append(asTexts(eventTypes()), string(anyEvent))))
			continue
		}
		if t[typ] == (Text{}) {
			add(string(typ), "has neither title nor text", "title: ...")
		}
		for _, w := range t[typ].parse() {
			if err := w.try(events, typ == anyEvent); err != nil {
				e := analysis.AsError(err)
				add(join(string(typ), w.field), e.Message, strings.TrimPrefix(e.Hint, "try: "))
			}
		}
	}
	return found
}

// try renders a template with samples, and says of which event when it is for several.
func (w ownWords) try(events []analysis.EventType, several bool) error {
	if w.err != nil {
		return w.err
	}
	for _, e := range events {
		if _, err := w.render(sampleOf(e, w.tmpl.words)); err != nil {
			out := *analysis.AsError(err)
			if strings.Contains(out.Message, notThere) {
				out.Hint = "{{with ...}}...{{end}} around it: see the reference for what there always is"
			}
			if several {
				out.Message = "for " + string(e) + ": " + out.Message
			}
			return &out
		}
	}
	return nil
}
