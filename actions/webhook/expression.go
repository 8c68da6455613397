package webhook

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"github.com/haldane-dev/haldane/analysis"
)

// What an expression may cost.
const (
	maxExpression = 4096    // characters
	maxNodes      = 1000    // parts after parsing
	maxMemory     = 100_000 // values made while it runs
)

// compileExpression parses an expression; an empty one is nil.
func compileExpression(text string) (*vm.Program, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if len(text) > maxExpression {
		return nil, analysis.Errorf(analysis.Invalid, "an expression of more than %d characters", maxExpression)
	}
	program, err := expr.Compile(text, expr.Env(view{}), expr.MaxNodes(maxNodes))
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n") // what follows draws where
		return nil, analysis.Errorf(analysis.Invalid, "not an expression: %s", first).
			WithHint(`body.status == "succeeded"; names are status, body, headers, from, to, service and environment`)
	}
	return program, nil
}

// view is what expressions see of an answer.
type view struct {
	Status  int            `expr:"status"`
	Body    any            `expr:"body"` // JSON; of another content, its text
	Headers map[string]any `expr:"headers"`
	From    string         `expr:"from"` // versions of the rollback, if it is one
	To      string         `expr:"to"`
	Service string         `expr:"service"`
	Env     string         `expr:"environment"`
}

// newView reads an answer.
func newView(resp *http.Response, body []byte, d analysis.Delivery) view {
	v := view{Status: resp.StatusCode, Headers: map[string]any{}, Body: parseBody(body), Service: d.Service, Env: d.Environment}
	for name, values := range resp.Header {
		v.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	if n := d.Event.Notice; n != nil && n.Rollback != nil {
		v.From, v.To = n.Rollback.From, n.Rollback.To
	}
	return v
}

// parseBody reads JSON. Whole numbers stay whole, so that an id becomes text as it
// was written.
func parseBody(body []byte) any {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return string(body)
	}
	if _, err := d.Token(); err != io.EOF {
		return string(body) // more than one value
	}
	return plainNumbers(v)
}

func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return int(i)
		}
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return f
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plainNumbers(v[k])
		}
	}
	return v
}

// run evaluates an expression; nil for none. Its errors quote values of the answer, so
// they are kept and not shown.
func (v view) run(p *vm.Program, field string) (any, error) {
	if p == nil {
		return nil, nil
	}
	machine := vm.VM{MemoryBudget: maxMemory}
	out, err := machine.Run(p, v)
	if err != nil {
		return nil, analysis.Errorf(analysis.Unavailable, "poll.%s does not fit the answer", field).Because(err).
			WithHint("poll.%s: use ?. for what may be missing", field)
	}
	return out, nil
}

// is evaluates a condition; nil, which a missing field is, counts as not.
func (v view) is(p *vm.Program, field string) (bool, error) {
	out, err := v.run(p, field)
	if err != nil || out == nil {
		return false, err
	}
	yes, ok := out.(bool)
	if !ok {
		return false, analysis.Errorf(analysis.Unavailable, "poll.%s gives a %T, not true or false", field, out)
	}
	return yes, nil
}
