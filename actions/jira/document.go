package jira

import (
	"strings"

	"github.com/haldane-dev/haldane/config"
)

// How long texts may be: a summary has 255 characters at Jira, a description or comment
// 32,767.
const (
	maxSummary  = 250
	maxText     = 800
	maxFindings = 10
	maxHref     = 2000
	maxLinks    = 10
)

// node is a part of a document in Atlassian's format. Texts in it are texts: nothing
// in them becomes markup or a mention.
type node struct {
	Type    string `json:"type"`
	Version int    `json:"version,omitempty"`
	Text    string `json:"text,omitempty"`
	Marks   []mark `json:"marks,omitempty"`
	Content []node `json:"content,omitempty"`
}

type mark struct {
	Type  string            `json:"type"`
	Attrs map[string]string `json:"attrs,omitempty"`
}

// document says all that there is to say; id is the delivery's, which stands at its end
// so that a repeat is recognised.
func document(m config.Message, id string) node {
	doc := node{Type: "doc", Version: 1}
	add := func(n node) { doc.Content = append(doc.Content, n) }
	add(paragraph(strong(config.Cut(m.Title, maxText))))
	for _, s := range []string{m.Summary, m.Did} {
		if s != "" {
			add(paragraph(text(config.Cut(s, maxText))))
		}
	}
	if m.Next != "" {
		add(paragraph(strong("Next: "), text(config.Cut(m.Next, maxText))))
	}
	var items [][]node
	for i, f := range m.Findings {
		if i == maxFindings {
			items = append(items, []node{text("... and more metrics: see the report")})
			break
		}
		name := config.Cut(f.Metric, 200)
		if f.Critical {
			name += " (critical)"
		}
		items = append(items, []node{strong(name + ": "), text(config.Cut(strings.TrimSpace(f.What+" "+f.Numbers), maxText))})
	}
	add(list(items))
	items = nil
	for _, l := range m.Links {
		if len(l.URL) <= maxHref && len(items) < maxLinks { // cut, it would lead elsewhere
			n := text(config.Cut(l.Text, 100))
			n.Marks = []mark{{Type: "link", Attrs: map[string]string{"href": l.URL}}}
			items = append(items, []node{n})
		}
	}
	add(list(items))
	var facts []string
	for _, f := range m.Facts {
		facts = append(facts, f.Key+": "+config.Cut(f.Value, 200))
	}
	add(paragraph(text(strings.Join(append(facts, id), " \u00B7 "))))
	doc.Content = whole(doc.Content)
	return doc
}

// whole leaves out what is empty, which Jira does not take.
func whole(list []node) []node {
	var out []node
	for _, n := range list {
		if n.Type != "text" {
			n.Content = whole(n.Content)
		}
		if n.Text != "" || len(n.Content) > 0 {
			out = append(out, n)
		}
	}
	return out
}

func text(s string) node { return node{Type: "text", Text: s} }

func strong(s string) node {
	return node{Type: "text", Text: s, Marks: []mark{{Type: "strong"}}}
}

func paragraph(content ...node) node { return node{Type: "paragraph", Content: content} }

func list(items [][]node) node {
	out := node{Type: "bulletList"}
	for _, item := range items {
		out.Content = append(out.Content, node{Type: "listItem", Content: []node{paragraph(item...)}})
	}
	return out
}
