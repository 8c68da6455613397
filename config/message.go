package config

import (
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// Message is what Haldane tells people about an event, before a channel gives it
// its own looks. It is written for somebody who was asleep a minute ago: what
// happened, why, what Haldane did about it, what to do now. Its texts are plain;
// whoever sends them escapes them for where they land.
type Message struct {
	Mood     Mood
	Title    string // which release of what, and how it stands; one line
	Summary  string // what happened and why
	Did      string // what Haldane did or does about it
	Next     string // what to do now
	Findings []Line // what is wrong, worst first
	Facts    []Fact
	Links    []Link
	Severity string // of the trouble; "" when there is none
	Urgent   bool   // a person is needed: channels may call one
}

// Mood is the colour of a message.
type Mood string

// The moods.
const (
	MoodGood    Mood = "good"
	MoodBad     Mood = "bad"
	MoodUnsure  Mood = "unsure" // neither good nor bad, and somebody should know
	MoodNeutral Mood = "neutral"
)

// Fact is one line of the small print.
type Fact struct{ Key, Value string }

// Link is a place to go on. Its URL is http or https.
type Link struct{ Text, URL string }

// Compose words an event. Everything it says comes from the event and its Notice,
// so a repeated delivery says the same. The title of what a drill sends begins with
// "DRILL:".
func Compose(e analysis.Event) Message {
	n := analysis.Notice{}
	if e.Notice != nil {
		n = *e.Notice
	}
	w := wording{event: e, notice: n}
	m := w.words()
	m.Findings = lines(e.Type, n.Findings)
	if m.Mood == MoodBad || m.Mood == MoodUnsure {
		m.Severity = n.Plan.Severity
	}
	m.Facts = w.facts(m.Severity)
	m.Links = w.links()
	m.Title = marked(e, m.Title)
	return m
}

// marked puts the mark of drills before a title of their messages.
func marked(e analysis.Event, title string) string {
	if e.Notice != nil && e.Notice.Run != nil && e.Notice.Run.Drill {
		return "DRILL: " + title
	}
	return title
}

// Text returns the whole message as plain text: for logs, for mail, and for
// clients that cannot show more.
func (m Message) Text() string {
	var b strings.Builder
	b.WriteString(m.Title + "\n")
	for _, part := range []string{m.Summary, m.Did, m.Next} {
		if part != "" {
			b.WriteString(part + "\n")
		}
	}
	if len(m.Findings) > 0 {
		b.WriteString("\n")
	}
	for _, l := range m.Findings {
		b.WriteString("- " + l.Text() + "\n")
	}
	if len(m.Facts) > 0 {
		b.WriteString("\n")
	}
	for _, f := range m.Facts {
		b.WriteString(f.Key + ": " + f.Value + "\n")
	}
	for _, l := range m.Links {
		b.WriteString(l.Text + ": " + l.URL + "\n")
	}
	return b.String()
}

// sentence makes a text from elsewhere stand as a sentence: on one line, with a
// full stop. Its first letter stays: it is often that of a metric or a person.
func sentence(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

// isWebLink reports whether a person can follow a link without harm.
func isWebLink(url string) bool {
	return (strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "http://")) &&
		!strings.ContainsAny(url, " \t\r\n")
}
