package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// Mistake is one thing that is wrong, or looks wrong, in the config files.
type Mistake struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"` // from 1; 0 when it is about the file as a whole
	Column  int    `json:"column,omitempty"`
	Path    string `json:"path,omitempty"` // where in the file: plans[0].every
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"` // what to do now, without "try:"
}

// String prints a mistake the way compilers do, so that editors find the place.
func (m Mistake) String() string {
	var b strings.Builder
	b.WriteString(m.File)
	if m.Line > 0 {
		fmt.Fprintf(&b, ":%d", m.Line)
	}
	if m.Column > 0 {
		fmt.Fprintf(&b, ":%d", m.Column)
	}
	b.WriteString(": ")
	if m.Path != "" {
		b.WriteString(m.Path + ": ")
	}
	b.WriteString(m.Message)
	if m.Hint != "" {
		b.WriteString(" (try: " + m.Hint + ")")
	}
	return b.String()
}

// try adds what to do now.
func (m *Mistake) try(format string, args ...any) {
	m.Hint = fmt.Sprintf(format, args...)
}

// Mistakes is the error of Load: everything that is wrong, by file and line, and
// beside it what only looks wrong.
type Mistakes struct {
	List     []Mistake
	Warnings []Mistake
}

// Error prints one mistake a line.
func (m *Mistakes) Error() string {
	lines := make([]string, len(m.List))
	for i, one := range m.List {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the mistakes the shape of the house's errors: Invalid, with the
// same text.
func (m *Mistakes) Unwrap() error {
	return analysis.Errorf(analysis.Invalid, "%s", m.Error())
}

// sorted returns the mistakes by file and place, each once: a wrong default is one
// mistake, however many plans take it.
func sorted(list []*Mistake) []Mistake {
	type key struct {
		file, path, message string
		line, column        int
	}
	seen := map[key]bool{}
	var out []Mistake
	for _, m := range list {
		if k := (key{m.File, m.Path, m.Message, m.Line, m.Column}); !seen[k] {
			seen[k] = true
			out = append(out, *m)
		}
	}
	slices.SortStableFunc(out, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return out
}

// nearest returns the known word that was probably meant, or "".
func nearest(word string, known []string) string {
	best, far := "", 1+max(1, len(word)/3)
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < far {
			best, far = k, d
		}
	}
	return best
}

// distance counts the letters to add, drop, change or swap with their neighbour
// (optimal string alignment) to make b of a.
func distance(a, b string) int {
	if abs := len(a) - len(b); max(abs, -abs) > 8 || len(a) > 100 {
		return 100 // not the same word; saves the table
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			rows[i][j] = min(change, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// meant says which of the known words was probably meant, or lists them.
func meant(word string, known []string) string {
	known = slices.Sorted(slices.Values(known))
	if k := nearest(word, known); k != "" && word != "" {
		return k
	}
	switch {
	case len(known) == 0:
		return ""
	case len(known) > 12:
		return "one of " + strings.Join(known[:12], ", ") + ", ..."
	case len(known) == 1:
		return known[0]
	}
	return "one of " + strings.Join(known, ", ")
}
