package config

import "strings"

// cutMark stands where a text was cut.
const cutMark = " ... (cut)"

// Cut puts a text on one line of at most limit characters; a longer one ends with
// a mark. What is not UTF-8 becomes question marks.
func Cut(s string, limit int) string {
	return CutLines(strings.Join(strings.Fields(s), " "), limit)
}

// CutLines is Cut for a text that may have several lines.
func CutLines(s string, limit int) string {
	r := []rune(strings.ToValidUTF8(s, "?"))
	if len(r) <= limit {
		return string(r)
	}
	if limit <= len(cutMark) {
		return string(r[:max(limit, 0)])
	}
	return strings.TrimRight(string(r[:limit-len(cutMark)]), " \n") + cutMark
}
