package slack

import (
	"fmt"
	"strings"

	"github.com/slack-go/slack"

	"github.com/haldane-dev/haldane/config"
)

// letter is a message as Slack takes it.
type letter struct {
	blocks []slack.Block
	text   string // for notifications, and clients that show no blocks
	left   int    // of the size that all blocks together may have
}

// root is the message at the head of a thread, or one that stands alone: all that
// there is to say. mention is written as it is: it comes from the config. id, if it
// is not empty, becomes the header's block_id.
func root(m config.Message, mention, id string, b buttons) letter {
	l := letter{left: maxMessage, text: fallback(m)}
	l.header(dot(m.Mood)+" "+m.Title, id)
	l.section(words(m, mention))
	l.press(b.acts)
	small, links := smallPrint(m), places(b.links, maxSection-b.linkSize)
	l.findings(m.Findings, size(small)+size(links)+blockLength(b.feedback)+3*blockSize)
	l.context(small)
	l.context(links)
	if b.feedback != nil {
		l.context("Was this verdict right?")
		l.press(b.feedback)
	}
	return l
}

// reply is the news in a thread. The head of the thread has the small print, and all
// buttons; what is shown in the channel too has those that cannot wait.
func reply(m config.Message, mention string, findings bool, b buttons) letter {
	l := letter{left: maxMessage, text: fallback(m)}
	title := dot(m.Mood) + " *" + escape(m.Title, maxHeader) + "*"
	l.section(strings.TrimSpace(title + "\n" + words(m, mention)))
	links := ""
	if m.Urgent {
		l.press(b.acts)
		links = places(b.links, maxSection-b.linkSize)
	}
	if findings {
		l.findings(m.Findings, size(links)+blockSize)
	}
	l.context(links)
	return l
}

func fallback(m config.Message) string {
	var parts []string
	for _, s := range []string{m.Title, m.Summary, m.Did, m.Next} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return dot(m.Mood) + " " + escape(strings.Join(parts, " - "), maxFallback)
}

// words are what happened, what Haldane did, and what to do now.
func words(m config.Message, mention string) string {
	var lines []string
	if mention != "" {
		lines = append(lines, mention)
	}
	for _, p := range []struct{ label, text string }{{"", m.Summary}, {"", m.Did}, {"*Next:* ", m.Next}} {
		if p.text != "" {
			lines = append(lines, p.label+escape(p.text, maxSection/4))
		}
	}
	return strings.Join(lines, "\n")
}

// finding is one metric. Its parts are limited so that together they fit a section.
func finding(f config.Line) string {
	s := "\u2022 *" + escape(f.Metric, 150) + "*"
	if f.Critical {
		s += " (critical)"
	}
	s += ": " + escape(f.What, 500)
	if f.Numbers != "" {
		s += "\n   " + escape(f.Numbers, 250)
	}
	for i, w := range f.Warnings {
		if i == 3 {
			s += fmt.Sprintf("\n   and %d more warnings", len(f.Warnings)-i)
			break
		}
		s += "\n   Warning: " + escape(w, 100)
	}
	if f.Link != "" {
		if l := link("query", f.Link); l != "" {
			s += "\n   " + l
		}
	}
	return s
}

// smallPrint are the facts, on one line.
func smallPrint(m config.Message) string {
	var parts []string
	for _, f := range m.Facts {
		parts = append(parts, f.Key+": *"+escape(f.Value, 180)+"*")
	}
	return strings.Join(parts, "  \u00B7  ")
}

// places are links, on one line of limited size.
func places(links []config.Link, limit int) string {
	var parts []string
	length := 0
	for _, l := range links {
		s := link(l.Text, l.URL)
		if length += size(s) + 10; s != "" && length < limit {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "  \u00B7  ")
}

func (l *letter) header(text, id string) {
	text = escape(text, maxHeader)
	l.take(text)
	b := slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, text, false, false))
	b.BlockID = id
	l.blocks = append(l.blocks, b)
}

// section adds a text. Verbatim keeps Slack from finding names of channels and
// people in it.
func (l *letter) section(text string) {
	if text != "" {
		l.take(text)
		l.blocks = append(l.blocks, slack.NewSectionBlock(markdown(text), nil, nil))
	}
}

func (l *letter) context(text string) {
	if text != "" {
		l.take(text)
		l.blocks = append(l.blocks, slack.NewContextBlock("", markdown(text)))
	}
}

// press adds buttons.
func (l *letter) press(b *slack.ActionBlock) {
	if b != nil {
		l.left -= blockLength(b)
		l.blocks = append(l.blocks, b)
	}
}

// findings adds metrics while there is room, keeping some for what comes behind,
// and says how many there are besides.
func (l *letter) findings(list []config.Line, keep int) {
	for i, f := range list {
		s := finding(f)
		if i == maxFindings || size(s)+keep+3*blockSize > l.left { // room for "more metrics"
			l.section(fmt.Sprintf("... and %d more metrics: see the report", len(list)-i))
			return
		}
		l.section(s)
	}
}

func (l *letter) take(text string) { l.left -= size(text) + blockSize }

func markdown(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, text, false, true)
}
