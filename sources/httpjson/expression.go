package httpjson

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
	"github.com/expr-lang/expr/vm/runtime"

	"github.com/haldane-dev/haldane/analysis"
)

const (
	// maxNodes bounds how long an expression is.
	maxNodes = 1000
	// maxElements bounds the lists and maps that an expression makes while it runs.
	maxElements = 10_000_000
	// maxRounds bounds how often the insides of map(), filter() and the like run. It
	// takes about a third of a second.
	maxRounds = 3_000_000
)

// expression is a compiled expression. It may be run by many at the same time.
type expression struct {
	program *vm.Program
}

// facts are what an expression sees.
type facts struct {
	Body    any               `expr:"body"`
	Status  int               `expr:"status"`
	Headers map[string]string `expr:"headers"`
	Window  span              `expr:"window"`
	Round   func() bool       `expr:"__round"` // called in every round of a loop
}

// span is a window in seconds since 1970.
type span struct {
	Start float64 `expr:"start"`
	End   float64 `expr:"end"`
	Step  float64 `expr:"step"`
}

// compile reads an expression. A strict one fails where the answer lacks a field; in
// others, a field that is not there is nil.
func compile(text string, strict bool) (expression, *analysis.Error) {
	if strings.TrimSpace(text) == "" {
		return expression{}, analysis.Errorf(analysis.Invalid, "the expression is empty")
	}
	program, err := expr.Compile(text,
		expr.Env(facts{}), expr.MaxNodes(maxNodes), expr.Patch(&patch{strict: strict}),
		expr.Function("__field", field, new(func(any, any) any)),
	)
	if err != nil {
		return expression{}, analysis.Errorf(analysis.Invalid, "the expression: %s", where(err)).Because(err)
	}
	return expression{program}, nil
}

// run evaluates an expression. Its errors are those of file.Error and of ctx.
func (e expression) run(ctx context.Context, f facts) (any, error) {
	rounds := 0
	f.Round = func() bool {
		if rounds++; rounds > maxRounds {
			panic(errors.New("it goes through too many elements"))
		}
		if rounds%1024 == 0 {
			if err := ctx.Err(); err != nil {
				panic(err)
			}
		}
		return true
	}
	machine := vm.VM{MemoryBudget: maxElements}
	return machine.Run(e.program, f)
}

// patch changes what was parsed: strings are decoded, because Quote has encoded the
// names in them; loops are counted; and fields must be there.
type patch struct{ strict bool }

// Visit implements ast.Visitor.
func (p *patch) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.StringNode:
		n.Value = decode(n.Value)
	case *ast.PredicateNode:
		n.Node = &ast.SequenceNode{Nodes: []ast.Node{
			&ast.CallNode{Callee: &ast.IdentifierNode{Value: "__round"}}, n.Node,
		}}
	case *ast.MemberNode:
		if p.strict && !n.Optional {
			ast.Patch(node, &ast.CallNode{
				Callee: &ast.IdentifierNode{Value: "__field"}, Arguments: []ast.Node{n.Node, n.Property},
			})
		}
	}
}

// field is the member of an object or a list. What is not there is an error.
func field(params ...any) (any, error) {
	object, ok := params[0].(map[string]any)
	if !ok {
		return runtime.Fetch(params[0], params[1]), nil // panics as expr itself would
	}
	name := fmt.Sprint(params[1])
	value, ok := object[name]
	if ok {
		return value, nil
	}
	have := "it is empty"
	if names := slices.Sorted(maps.Keys(object)); len(names) > 0 {
		const most = 10
		if len(names) > most {
			names = append(names[:most], "...")
		}
		have = "there are " + strings.Join(names, ", ")
	}
	return nil, fmt.Errorf("no field %s; %s", name, have)
}

// where prints an error of expr without the drawing below it.
func where(err error) string {
	var at *file.Error
	if !errors.As(err, &at) {
		return err.Error()
	}
	if at.Line > 1 {
		return fmt.Sprintf("line %d, column %d: %s", at.Line, at.Column+1, at.Message)
	}
	return fmt.Sprintf("column %d: %s", at.Column+1, at.Message)
}

var encoded = regexp.MustCompile(`(?:%[0-9A-Fa-f]{2})+`)

// decode undoes Quote, wherever in a text a name has landed.
func decode(text string) string {
	return encoded.ReplaceAllStringFunc(text, func(s string) string {
		b := make([]byte, 0, len(s)/3)
		for i := 0; i < len(s); i += 3 {
			b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
		}
		return string(b)
	})
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
