package config

import (
	"maps"
	"slices"
	"strings"
	"text/template/parse"
)

// vars returns the variables that the template names as {{.Vars.x}}, sorted.
func (t queryTemplate) vars() []string {
	names := map[string]bool{}
	walk(t.parsed.Root, func(n parse.Node) {
		var path []string
		switch n := n.(type) {
		case *parse.FieldNode:
			path = n.Ident
		case *parse.VariableNode:
			path = n.Ident[1:] // $.Vars.x
		}
		if len(path) > 1 && path[0] == "Vars" {
			names[path[1]] = true
		}
	})
	return slices.Sorted(maps.Keys(names))
}

// walk visits a node of a template and everything in it.
func walk(n parse.Node, visit func(parse.Node)) {
	visit(n)
	var inside []parse.Node
	list := func(l *parse.ListNode) {
		if l != nil {
			inside = append(inside, l.Nodes...)
		}
	}
	branch := func(b *parse.BranchNode) {
		inside = append(inside, b.Pipe)
		list(b.List)
		list(b.ElseList)
	}
	switch n := n.(type) {
	case *parse.ListNode:
		list(n)
	case *parse.ActionNode:
		inside = append(inside, n.Pipe)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			inside = append(inside, c)
		}
	case *parse.CommandNode:
		inside = append(inside, n.Args...)
	case *parse.ChainNode:
		inside = append(inside, n.Node)
	}
	for _, c := range inside {
		walk(c, visit)
	}
}

// regexMeta are the characters that mean something in a regular expression,
// besides the backslash.
const regexMeta = ".+*?()|[]{}^$"

// regexQuoted escapes a value, already quoted for a double-quoted string, so that
// a regular expression in that string matches it literally: backslashes are
// doubled once for the expression and once for the string.
func regexQuoted(quoted string) string {
	var b strings.Builder
	for i := 0; i < len(quoted); i++ {
		c := quoted[i]
		switch {
		case c == '\\' && i+1 < len(quoted) && quoted[i+1] == '\\':
			b.WriteString(`\\\\`)
			i++
		case c == '\\' && i+1 < len(quoted): // \" or \n: the string's own escape
			b.WriteString(quoted[i : i+2])
			i++
		case strings.IndexByte(regexMeta, c) >= 0:
			b.WriteString(`\\` + string(c))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
