package slack

import (
	"encoding/json"
	"strings"

	"github.com/haldane-dev/haldane/config"
)

// Slack's limits, with some room. Slack counts characters, here the bytes of a text
// as JSON are counted, which are never fewer: the limit on all blocks together
// (somewhat more than 13,000) is of their JSON.
const (
	maxHeader   = 140
	maxSection  = 2900
	maxFallback = 2900
	maxMessage  = 12_000 // of all blocks
	blockSize   = 100    // of the JSON around a text
	maxFindings = 20
	maxLink     = 1500
)

// size is how much a text adds to a message.
func size(s string) int {
	b, _ := json.Marshal(s) // a string always can
	return len(b) - len(`""`)
}

// cutMark stands where a text was cut.
const cutMark = " ... (cut)"

// escaper makes text of what Slack would take for a mention, a link or an entity:
// <!channel> is shown and calls nobody.
var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape makes a text safe to stand in a message, on one line, and cuts it so that
// its size is at most limit afterwards.
func escape(s string, limit int) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	if whole := escaper.Replace(s); size(whole) <= limit {
		return whole
	}
	var b strings.Builder
	left := limit - size(cutMark)
	for _, r := range s {
		piece := escaper.Replace(string(r))
		if left -= size(piece); left < 0 {
			break
		}
		b.WriteString(piece)
	}
	return b.String() + cutMark
}

// urlEscaper keeps a URL inside of <url|text>.
var urlEscaper = strings.NewReplacer("&", "&amp;", "<", "%3C", ">", "%3E", "|", "%7C", " ", "%20")

// link writes a link. One that is too long is left out: cut, it would lead
// elsewhere.
func link(text, url string) string {
	if url = urlEscaper.Replace(url); size(url) > maxLink {
		return ""
	}
	return "<" + url + "|" + strings.ReplaceAll(escape(text, 100), "|", "/") + ">"
}

// dot is the colour of a message.
func dot(m config.Mood) string {
	switch m {
	case config.MoodGood:
		return "\U0001F7E2"
	case config.MoodBad:
		return "\U0001F534"
	case config.MoodUnsure:
		return "\U0001F7E1"
	}
	return "\u26AA"
}
