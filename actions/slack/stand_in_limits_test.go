package slack_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"unicode/utf8"
)

// block is what tests look at.
type block struct {
	Type     string     `json:"type"`
	BlockID  string     `json:"block_id,omitempty"`
	Text     *text      `json:"text,omitempty"`
	Elements []*element `json:"elements,omitempty"`
}

type text struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim,omitempty"`
	Emoji    *bool  `json:"emoji,omitempty"`
}

// element is a text of a context block, or a button.
type element struct {
	*text
	*pressable
}

type pressable struct {
	Type     string    `json:"type"`
	Text     *text     `json:"text"`
	ActionID string    `json:"action_id"`
	URL      string    `json:"url,omitempty"`
	Value    string    `json:"value,omitempty"`
	Style    string    `json:"style,omitempty"`
	Confirm  *dialogue `json:"confirm,omitempty"`
}

type dialogue struct {
	Title   *text `json:"title"`
	Text    *text `json:"text"`
	Confirm *text `json:"confirm"`
	Deny    *text `json:"deny"`
}

func (e *element) UnmarshalJSON(b []byte) error {
	var kind struct{ Type string }
	if err := json.Unmarshal(b, &kind); err != nil {
		return err
	}
	if kind.Type == "button" {
		return json.Unmarshal(b, &e.pressable)
	}
	return json.Unmarshal(b, &e.text)
}

func (e *element) MarshalJSON() ([]byte, error) {
	var v any = e.text
	if e.pressable != nil {
		v = e.pressable
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// check applies Slack's limits to a message.
func check(form url.Values) string {
	var blocks []block
	if err := json.Unmarshal([]byte(form.Get("blocks")), &blocks); err != nil {
		return "invalid_blocks_format"
	}
	if len(form.Get("blocks")) > 13_000 {
		return "msg_blocks_too_long"
	}
	if len(blocks) == 0 || len(blocks) > 50 {
		return "invalid_blocks"
	}
	ids := map[string]bool{}
	for _, b := range blocks {
		for _, t := range b.texts() {
			limit := 3000
			if b.Type == "header" {
				limit = 150
			}
			wrong := b.Type == "header" && t.Type != "plain_text" || t.Type == "mrkdwn" && t.Emoji != nil || t.Type == "plain_text" && t.Verbatim
			if wrong || !fits(t, limit) {
				return "invalid_blocks"
			}
		}
		if len(b.Elements) > 25 || (b.Type == "actions" || b.Type == "context") && len(b.Elements) == 0 {
			return "invalid_blocks"
		}
		for _, p := range b.buttons() {
			if ids[p.ActionID] || !p.sound() {
				return "invalid_blocks"
			}
			ids[p.ActionID] = true
		}
	}
	if n := utf8.RuneCountInString(form.Get("text")); n > 40_000 {
		return "msg_too_long"
	}
	return ""
}

func fits(t *text, limit int) bool {
	n := utf8.RuneCountInString(t.Text)
	return n >= 1 && n <= limit
}

// sound applies the limits of buttons.
func (p *pressable) sound() bool {
	plain := func(t *text, limit int) bool { return t != nil && t.Type == "plain_text" && fits(t, limit) }
	c := p.Confirm
	return plain(p.Text, 75) && p.ActionID != "" && len(p.ActionID) <= 255 && len(p.URL) <= 3000 && len(p.Value) <= 2000 &&
		slices.Contains([]string{"", "primary", "danger"}, p.Style) &&
		(c == nil || plain(c.Title, 100) && plain(c.Text, 300) && plain(c.Confirm, 30) && plain(c.Deny, 30))
}

func (b block) texts() (out []*text) {
	if b.Text != nil {
		out = append(out, b.Text)
	}
	for _, e := range b.Elements {
		if e.text != nil {
			out = append(out, e.text)
		}
	}
	return out
}

func (b block) buttons() (out []*pressable) {
	for _, e := range b.Elements {
		if e.pressable != nil {
			out = append(out, e.pressable)
		}
	}
	return out
}

// buttons are those of a message.
func (m *message) buttons() (out []*pressable) {
	for _, b := range m.Blocks {
		out = append(out, b.buttons()...)
	}
	return out
}
