package datadog

import (
	"strings"
	"unicode"
)

// maxTag is the length of a tag that Datadog keeps, in characters.
const maxTag = 200

// Quote implements analysis.Quoter: it makes of a name what Datadog made of it when it
// was sent as the value of a tag, so that {version:...} finds it: lower case; letters,
// digits and : . / - stay, every run of anything else is one underscore, none at the
// end; 200 characters. What is left cannot end a scope, nor a string in JSON.
//
// The rules are those of https://docs.datadoghq.com/getting_started/tagging/ and of the
// agent (NormalizeTag). Two versions that differ in other characters only, 1.0+a and
// 1.0@a, are the same to Datadog.
func (*Source) Quote(name string) string {
	var b strings.Builder
	n, gap := 0, false
	for _, r := range strings.ToValidUTF8(name, "_") {
		if r = unicode.ToLower(r); !inTag(r) {
			gap = true
			continue
		}
		if gap {
			b.WriteByte('_')
			n++
		}
		if n >= maxTag {
			break
		}
		b.WriteRune(r)
		n++
		gap = false
	}
	return strings.TrimRight(b.String(), "_")
}

// inTag reports whether a character of a tag's value stays what it is.
func inTag(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(":./-", r)
}
