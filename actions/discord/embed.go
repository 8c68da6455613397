package discord

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Discord's limits: a title has 256 characters, a description 4096, a footer 2048, and
// all of them together 6000. There is one embed in a message.
const (
	maxTitle       = 256
	maxDescription = 4096
	maxFooter      = 1000
	maxTogether    = 5900
	maxHref        = 512
	maxFindings    = 15
	maxText        = 700
)

// message is what a webhook takes. It allows no mentions.
type message struct {
	Username string   `json:"username,omitempty"`
	Embeds   []embed  `json:"embeds"`
	Mentions mentions `json:"allowed_mentions"`
}

type mentions struct {
	Parse []string `json:"parse"` // empty: nobody
}

type embed struct {
	Title       string `json:"title"`
	URL         string `json:"url,omitempty"`
	Description string `json:"description,omitempty"`
	Color       int    `json:"color"`
	Timestamp   string `json:"timestamp"`
	Footer      footer `json:"footer"`
}

type footer struct {
	Text string `json:"text"`
}

// head is the message of a run, which shows all that there is to say.
func (s *Settings) head(e analysis.Event, m config.Message) message {
	return s.message(e, m, len(m.Findings))
}

// news is the message that makes people look at the head.
func (s *Settings) news(e analysis.Event, m config.Message) message { return s.message(e, m, 0) }

func (s *Settings) message(e analysis.Event, m config.Message, findings int) message {
	out := embed{
		Title: escape(m.Title, maxTitle), Color: color(m.Mood), Timestamp: e.At.UTC().Format(time.RFC3339),
		Footer: footer{config.Cut(smallPrint(m.Facts), maxFooter)},
	}

	left := maxTogether - runes(out.Title) - runes(out.Footer.Text)
	out.Description = description(m, findings, min(maxDescription, left))
	for _, l := range m.Links {
		if l.Text == "Report" && len(l.URL) <= maxHref {
			out.URL = l.URL
		}
	}
	return message{Username: s.Username, Embeds: []embed{out}, Mentions: mentions{Parse: []string{}}}
}

// description says what happened, what was done, what to do, which metrics are to
// blame while there is room, and where to go on.
func description(m config.Message, findings, room int) string {
	var b strings.Builder
	for _, p := range []struct{ label, text string }{{"", m.Summary}, {"", m.Did}, {"**Next:** ", m.Next}} {
		if p.text != "" {
			b.WriteString(p.label + escape(p.text, maxText) + "\n")
		}
	}
	places := links(m.Links)
	room -= runes(b.String()) + runes(places) + 100 // for "more metrics"
	for i, f := range m.Findings[:findings] {
		line := finding(f)
		if room -= runes(line); room < 0 || i == maxFindings {
			fmt.Fprintf(&b, "... and %d more metrics: see the report\n", len(m.Findings)-i)
			break
		}
		b.WriteString(line)
	}
	return strings.TrimSpace(b.String() + places)
}

func finding(f config.Line) string {
	s := "\u2022 **" + escape(f.Metric, 150) + "**"
	if f.Critical {
		s += " (critical)"
	}
	s += ": " + escape(f.What, 300) + "\n"
	if f.Numbers != "" {
		s += escape(f.Numbers, 200) + "\n"
	}
	for i, w := range f.Warnings {
		if i < 3 {
			s += "Warning: " + escape(w, 100) + "\n"
		}
	}
	return s
}

// links are the places to go on, on one line. One that is too long is left out: cut,
// it would lead elsewhere.
func links(list []config.Link) string {
	var parts []string
	n := 0
	for _, l := range list {
		s := "[" + escape(l.Text, 60) + "](<" + l.URL + ">)"
		if n += runes(s) + 3; len(l.URL) > maxHref || strings.ContainsAny(l.URL, "<>") || n > 1200 {
			continue
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " \u00B7 ")
}

// smallPrint stands in the footer, where Discord knows no markup.
func smallPrint(facts []config.Fact) string {
	var parts []string
	for _, f := range facts {
		parts = append(parts, f.Key+": "+config.Cut(f.Value, 120))
	}
	return strings.Join(parts, " \u00B7 ")
}

// special are the characters that may be markup. Discord takes a backslash off any
// punctuation.
const special = "\\*_~`|<>[]()#@-+:/"

// escape makes a text safe to stand in an embed, on one line of at most limit
// characters.
func escape(s string, limit int) string {
	s = config.Cut(s, limit)
	var b strings.Builder
	n := 0
	for _, r := range s {
		piece := string(r)
		if strings.ContainsRune(special, r) {
			piece = "\\" + piece
		}
		if n += runes(piece); n > limit {
			break
		}
		b.WriteString(piece)
	}
	return b.String()
}

func runes(s string) int { return utf8.RuneCountInString(s) }

// color is the stripe at the side.
func color(m config.Mood) int {
	switch m {
	case config.MoodGood:
		return 0x009E73
	case config.MoodBad:
		return 0xD55E00
	case config.MoodUnsure:
		return 0xE69F00
	}
	return 0x999999
}
