package config

import (
	"slices"
	"strings"
	"text/template/parse"

	"github.com/haldane-dev/haldane/analysis"
)

// piece is a part of a template: a literal text, or a value such as .Canary.Version.
type piece struct {
	text  string
	value func(d *analysis.QueryData) (text string, ok bool) // nil for a text
	name  bool                                               // a value that a plan or a run chooses, other than versions
}

// pieces takes a template apart that has nothing but texts and values in it, as nearly
// all have: putting those together is many times faster than text/template. Of any
// other it returns nil.
func pieces(root *parse.ListNode) []piece {
	var out []piece
	for _, n := range root.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			out = append(out, piece{text: string(n.Text)})
		case *parse.ActionNode:
			if len(n.Pipe.Decl) > 0 || len(n.Pipe.Cmds) != 1 || len(n.Pipe.Cmds[0].Args) != 1 {
				return nil
			}
			field, ok := n.Pipe.Cmds[0].Args[0].(*parse.FieldNode)
			if !ok {
				return nil
			}
			p, ok := valuePiece(field.Ident)
			if !ok {
				return nil
			}
			out = append(out, p)
		default:
			return nil
		}
	}
	return out
}

// valuePiece returns the piece of a value that prints as a text.
func valuePiece(path []string) (piece, bool) {
	type data = analysis.QueryData
	is := func(name bool, text func(d *data) string) (piece, bool) {
		return piece{value: func(d *data) (string, bool) { return text(d), true }, name: name}, true
	}
	if len(path) == 2 && path[0] == "Vars" {
		key := path[1]
		return piece{name: true, value: func(d *data) (string, bool) {
			text, ok := d.Vars[key]
			return text, ok
		}}, true
	}
	switch strings.Join(path, ".") {
	case "Side":
		return is(false, func(d *data) string { return d.Side })
	case "Version":
		return is(false, func(d *data) string { return d.Version })
	case "Canary.Version":
		return is(false, func(d *data) string { return d.Canary.Version })
	case "Baseline.Version":
		return is(false, func(d *data) string { return d.Baseline.Version })
	case "Step":
		return is(false, func(d *data) string { return d.Step.String() })
	case "Service":
		return is(true, func(d *data) string { return d.Service })
	case "Environment":
		return is(true, func(d *data) string { return d.Environment })
	}
	return piece{}, false
}

// joined renders pieces, unless there are none, a variable is missing, or it becomes too
// long: then it is text/template's to do, or to say what is wrong.
func joined(all []piece, d *analysis.QueryData) (string, bool) {
	var out strings.Builder
	for _, p := range all {
		text, ok := p.text, true
		if p.value != nil {
			text, ok = p.value(d)
		}
		if !ok || out.Len()+len(text) > maxRendered {
			return "", false
		}
		out.WriteString(text)
	}
	return out.String(), all != nil
}

// quotesNames reports whether a template is made of pieces, and those of them that are
// names all stand inside quotes.
func (t queryTemplate) quotesNames() bool {
	const stand = "x" // for any value
	var text strings.Builder
	var at []int
	for _, p := range t.pieces {
		if p.name {
			at = append(at, text.Len())
		}
		if p.value != nil {
			text.WriteString(stand)
		}
		text.WriteString(p.text)
	}
	if t.pieces == nil || len(at) > 1000 || text.Len() > maxRendered/2 { // so that no name makes it too long
		return false
	}
	masked := maskStrings(text.String())
	return !slices.ContainsFunc(at, func(i int) bool { return masked[i] == stand[0] })
}
