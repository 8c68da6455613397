package csvfile

import (
	"reflect"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]question{
		"p99":                                 {column: "p99"},
		"  p99  ":                             {column: "p99"},
		"p 99 (ms)":                           {column: "p 99 (ms)"},
		`"a{b}"`:                              {column: "a{b}"},
		"a.csv: p99":                          {file: "a.csv", column: "p99"},
		"sub/a.csv:p99":                       {file: "sub/a.csv", column: "p99"},
		`"a:b.csv" : "p 99"`:                  {file: "a:b.csv", column: "p 99"},
		"p99{}":                               {column: "p99"},
		`p99{version="1.4.2"}`:                {column: "p99", filters: []filter{{label: "version", value: "1.4.2"}}},
		`p99 { version = "1" , b != "" , }`:   {column: "p99", filters: []filter{{label: "version", value: "1"}, {label: "b", not: true}}},
		`p99{"a b"="say \"x\"\n\\", c="=,}"}`: {column: "p99", filters: []filter{{label: "a b", value: "say \"x\"\n\\"}, {label: "c", value: "=,}"}}},
		"a.csv: p99\n{version=\"1\"}\n":       {file: "a.csv", column: "p99", filters: []filter{{label: "version", value: "1"}}},
	} {
		got, err := parse(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, error %v, want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                 "column 1: want a column",
		"   ":              "column 4: want a column",
		":p99":             "column 1: want a column",
		"a.csv:":           "column 7: want a column",
		"a.csv: b: c":      "column 9: want the end",
		"a,b":              "column 2: want the end",
		"p99{":             "column 5: want a label",
		"p99}":             "column 4: want the end",
		"p99{a}":           "column 6: want = or !=",
		"p99{a=}":          "column 7: want a text in double quotes",
		"p99{a=b}":         "column 7: want a text in double quotes",
		"p99{a='b'}":       "column 7: want a text in double quotes",
		"p99{a=`b`}":       "column 7: want a text in double quotes",
		`p99{a="b}`:        "column 7: want a text in double quotes",
		`p99{a="b"`:        "column 10: want , or }",
		`p99{a="b" c="d"}`: "column 11: want , or }",
		`p99{,}`:           "column 5: want a label",
		`p99{a=="b"}`:      "column 7: want a text in double quotes",
		`p99{a=~"b"}`:      "column 7: want a text in double quotes",
		`p99{a!"b"}`:       "column 7: want = or !=",
		`p99{a="b"} + 1`:   "column 12: want the end",
		`"p99`:             "column 1: want a text in double quotes",
		`p99"x"`:           "column 4: want the end",
	} {
		_, err := parse(text)
		if err == nil || err.Kind != analysis.Invalid || !strings.Contains(err.Message, "the query, "+want) {
			t.Errorf("%s: error %v, want an invalid one about %q", text, err, want)
		}
	}
}

// FuzzParse checks what holds for every query and every name: a quoted name is one value
// of one filter, whatever is in it.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"p99", `a.csv: p99{version="1", b!="2"}`, `"`, `\`, "\x00", "\xff", "a b", `"} or {`, "{{.Version}}"} {
		f.Add(seed)
	}
	s := &Source{}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := parse(text); err != nil && (err.Kind != analysis.Invalid || err.Message == "") {
			t.Fatalf("error %#v", err)
		}
		want := question{file: text, column: text, filters: []filter{{label: text, value: text}, {label: text, value: text, not: true}}}
		in := `"` + s.Quote(text) + `"`
		got, err := parse(in + ":" + in + "{" + in + "=" + in + "," + in + "!=" + in + "}")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q in double quotes: %+v, error %v", text, got, err)
		}
	})
}
