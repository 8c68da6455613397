package datadog

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

var nameOK = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// parseFormula understands queries and the formula that they are for.
func parseFormula(object map[string]any, list []any) (form, *analysis.Error) {
	for key := range object {
		if key != "queries" && key != "formula" {
			return form{}, wrong("%q: not known beside queries", key).WithHint("%s", shapes)
		}
	}
	var f form
	var names []string
	for i, one := range list {
		fields, ok := one.(map[string]any)
		if !ok {
			return form{}, wrong("queries[%d]: not an object", i).WithHint("%s", shapes)
		}
		name, _ := fields["name"].(string)
		if !nameOK.MatchString(name) || slices.Contains(names, name) {
			return form{}, wrong("queries[%d]: name %q: want letters and digits, and each name once", i, name).WithHint(`"name": "a"`)
		}
		q, err := parseQuery(fields, name)
		if err != nil {
			return form{}, err
		}
		names, f.queries = append(names, name), append(f.queries, q)
	}
	formula, _ := object["formula"].(string)
	if formula == "" && len(names) > 1 {
		return form{}, wrong("several queries and no formula").WithHint(`"formula": "%s / %s"`, names[0], names[1])
	}
	if f.formula = formula; formula == "" {
		f.formula = names[0]
	}
	for _, name := range f.uses() {
		if !slices.Contains(names, name) {
			return form{}, wrong("the formula names %q, which is no query", name).WithHint("one of %s", strings.Join(names, ", "))
		}
	}
	return f, nil
}

// token is a part of a formula; the names of queries are those that match word and have
// no bracket behind them.
var (
	token = regexp.MustCompile(`'[^']*'|"[^"]*"|[0-9.]+(?:[eE][+-]?[0-9]+)?|[A-Za-z_][A-Za-z0-9_]*\s*\(|[A-Za-z_][A-Za-z0-9_]*`)
	word  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// uses lists the names in the formula.
func (f form) uses() []string {
	return slices.DeleteFunc(token.FindAllString(f.formula, -1), func(t string) bool { return !word.MatchString(t) })
}

// renamed returns the form's queries and formula with the names q<first>, q<first+1>,
// ..., so that forms can go out together.
func (f form) renamed(first int) ([]map[string]any, string) {
	names := map[string]string{}
	queries := make([]map[string]any, len(f.queries))
	for i, q := range f.queries {
		names[q.name] = "q" + strconv.Itoa(first+i)
		queries[i] = map[string]any{}
		for key, value := range q.fields {
			queries[i][key] = value
		}
		queries[i]["name"] = names[q.name]
	}
	return queries, token.ReplaceAllStringFunc(f.formula, func(t string) string {
		if to, ok := names[t]; ok {
			return to
		}
		return t
	})
}
