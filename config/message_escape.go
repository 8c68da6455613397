package config

import (
	"text/template"
	"text/template/parse"

	"github.com/haldane-dev/haldane/analysis"
)

// MessageTemplate is a template whose values are escaped for where they land.
type MessageTemplate struct {
	tmpl     *template.Template
	hidden   bool // its text is secret: no error quotes it
	words    []string
	literals []string
	check    func(rendered string) error // what it makes must pass; nil lets all pass
}

// place is where a value may land. The places of one template are comparable.
type place interface {
	// after returns the place behind a literal text.
	after(text string) (place, error)
	// escaper names the function that makes a value fit here.
	escaper() (string, error)
}

// parseTemplate parses a template, appends to each of its actions the function
// that makes the value fit, and tries it on a sample.
func parseTemplate(text string, start place, hidden bool) (*MessageTemplate, error) {
	t := &MessageTemplate{hidden: hidden}
	tmpl, err := template.New("").Option("missingkey=error").
		Funcs(messageFunctions(&allowance{maxMade})).Parse(text)
	if err != nil {
		return nil, t.plain(err)
	}
	t.tmpl = tmpl
	if tmpl.Tree != nil {
		if _, err := t.list(tmpl.Root, start); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// try renders the template with a sample.
func (t *MessageTemplate) try() error {
	_, err := t.Render(sampleData(t.words))
	return err
}

// Literals returns the texts between the template's actions.
func (t *MessageTemplate) Literals() []string { return t.literals }

// Render fills the template in. Its errors are Invalid.
func (t *MessageTemplate) Render(d MessageData) (string, error) {
	w := newCappedWriter()
	tmpl, err := t.tmpl.Clone()
	if err == nil {
		err = tmpl.Funcs(messageFunctions(&allowance{maxMade})).Execute(w, d)
	}
	if err != nil {
		return "", t.plain(err)
	}
	if t.check != nil {
		if err := t.check(w.b.String()); err != nil {
			return "", err
		}
	}
	return w.b.String(), nil
}

// list walks over a list of nodes and returns the place behind it.
func (t *MessageTemplate) list(l *parse.ListNode, at place) (place, error) {
	if l == nil {
		return at, nil
	}
	for _, n := range l.Nodes {
		var err error
		if at, err = t.node(n, at); err != nil {
			return nil, err
		}
	}
	return at, nil
}

func (t *MessageTemplate) node(n parse.Node, at place) (place, error) {
	switch n := n.(type) {
	case *parse.TextNode:
		t.literals = append(t.literals, string(n.Text))
		return at.after(string(n.Text))
	case *parse.ActionNode:
		t.note(n.Pipe)
		if len(n.Pipe.Decl) > 0 {
			return at, nil // {{$x := ...}} prints nothing
		}
		name, err := at.escaper()
		if err != nil {
			return nil, err
		}
		call := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: n.Pos}
		call.Args = []parse.Node{parse.NewIdentifier(name).SetTree(nil).SetPos(n.Pos)}
		n.Pipe.Cmds = append(n.Pipe.Cmds, call)
		return at, nil
	case *parse.IfNode:
		return t.branches(&n.BranchNode, at)
	case *parse.WithNode:
		return t.branches(&n.BranchNode, at)
	case *parse.RangeNode:
		turn := &parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos} // nothing, but written, so that turns are counted
		n.List.Nodes = append([]parse.Node{turn}, n.List.Nodes...)
		return t.branches(&n.BranchNode, at)
	case *parse.CommentNode:
		return at, nil
	}
	return nil, analysis.Errorf(analysis.Invalid, "template: define, template, block, break and continue are not supported").
		WithHint("if, with and range")
}

// branches walks over both ways of an if, with or range. They must come out at the
// same place, else what follows could not be escaped rightly.
func (t *MessageTemplate) branches(b *parse.BranchNode, at place) (place, error) {
	t.note(b.Pipe)
	one, err := t.list(b.List, at)
	if err != nil {
		return nil, err
	}
	other, err := t.list(b.ElseList, at)
	if err != nil {
		return nil, err
	}
	if one != other {
		return nil, analysis.Errorf(analysis.Invalid,
			"template: the ways through {{%s}} end in different parts of the text", branchWord(b.NodeType)).
			WithHint("close quotes, and begin the query with ?, outside of it or in each of its ways")
	}
	return one, nil
}

func branchWord(n parse.NodeType) string {
	switch n {
	case parse.NodeIf:
		return "if"
	case parse.NodeWith:
		return "with"
	}
	return "range"
}

// note keeps the words of a pipeline, for the sample.
func (t *MessageTemplate) note(n parse.Node) {
	switch n := n.(type) {
	case *parse.PipeNode:
		if n == nil {
			return
		}
		for _, c := range n.Cmds {
			t.note(c)
		}
	case *parse.CommandNode:
		for _, a := range n.Args {
			t.note(a)
		}
	case *parse.FieldNode:
		t.words = append(t.words, n.Ident...)
	case *parse.VariableNode:
		t.words = append(t.words, n.Ident...)
	case *parse.ChainNode:
		t.words = append(t.words, n.Field...)
		t.note(n.Node)
	case *parse.StringNode:
		t.words = append(t.words, n.Text)
	}
}
