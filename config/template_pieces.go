package config

import (
	"strings"
	"text/template/parse"

	"github.com/haldane-dev/haldane/analysis"
)

// piece is a part of a template: a literal text, or a value such as .Canary.Version.
type piece struct {
	text  string
	value []string // nil for a text
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
			out = append(out, piece{value: field.Ident})
		default:
			return nil
		}
	}
	return out
}

// joined renders pieces, unless there are none, one has no value that is a text, or it
// becomes too long: then it is text/template's to do, or to say what is wrong.
func joined(all []piece, d *analysis.QueryData) (string, bool) {
	var out strings.Builder
	for _, p := range all {
		text, ok := p.text, true
		if p.value != nil {
			text, ok = valueOf(p.value, d)
		}
		if !ok || out.Len()+len(text) > maxRendered {
			return "", false
		}
		out.WriteString(text)
	}
	return out.String(), all != nil
}

// valueOf returns the text that a value prints as.
func valueOf(path []string, d *analysis.QueryData) (text string, ok bool) {
	switch {
	case len(path) == 2 && path[0] == "Vars":
		text, ok = d.Vars[path[1]]
		return text, ok
	case len(path) == 2 && path[1] == "Version" && path[0] == "Canary":
		return d.Canary.Version, true
	case len(path) == 2 && path[1] == "Version" && path[0] == "Baseline":
		return d.Baseline.Version, true
	case len(path) != 1:
		return "", false
	}
	switch path[0] {
	case "Side":
		return d.Side, true
	case "Version":
		return d.Version, true
	case "Service":
		return d.Service, true
	case "Environment":
		return d.Environment, true
	case "Step":
		return d.Step.String(), true
	}
	return "", false
}
