package config

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/analysis"
)

// anyShape has a field of every sort that a section may have.
type anyShape struct {
	Text    string            `yaml:"text"`
	Number  float64           `yaml:"number"`
	Count   int8              `yaml:"count"`
	Size    uint16            `yaml:"size"`
	Flag    bool              `yaml:"flag"`
	Word    string            `yaml:"word" jsonschema:"enum=a,enum=b"`
	Wait    analysis.Duration `yaml:"wait"`
	Secret  *Secret           `yaml:"secret"`
	Own     ownYAML           `yaml:"own"`
	Prefix  netip.Prefix      `yaml:"prefix"`
	Any     any               `yaml:"any"`
	List    []int             `yaml:"list"`
	Secrets []Secret          `yaml:"secrets"`
	Map     map[string]inner  `yaml:"map"`
	Inner   *inner            `yaml:"inner"`
	Inlined `yaml:",inline"`
	Skipped string `yaml:"-"`
	Untag   string
	hidden  string //nolint:unused // no key can set it
}

type inner struct {
	A int    `yaml:"a"`
	B string `yaml:"b"`
}

func (i *inner) setDefaults() { i.B = "default" }

// Inlined stands for what sections share.
type Inlined struct {
	Type string `yaml:"type"`
}

// ownYAML decodes itself, with the errors of the YAML library.
type ownYAML struct {
	A int               `yaml:"a"`
	M map[string]string `yaml:"m"`
}

func (o *ownYAML) UnmarshalYAML(n *yaml.Node) error {
	type plain ownYAML
	return n.Decode((*plain)(o))
}

// decodeText decodes a text over a value and returns what was noted.
func decodeText(t *testing.T, text string, into any) (mistakes, warnings []Mistake) {
	t.Helper()
	all := &notes{}
	doc := newDocument("f", all)
	if doc.parse([]byte(text)) {
		(&decoder{doc: doc}).structure(doc.root, reflect.ValueOf(into).Elem(), "")
	}
	return sorted(all.mistakes), sorted(all.warnings)
}

func TestDecode(t *testing.T) {
	var got anyShape
	mistakes, warnings := decodeText(t, `
text: 1.10
number: 1e3
count: 1e1
size: 0x10
flag: True
word: b
wait: 90s
secret: s
own: {a: 1, m: {x: y}}
prefix: 10.0.0.0/8
any: [1, {a: b}]
list: &list [1, 2]
secrets: [a, b]
map: {one: {a: 1}, two: {b: own}}
inner: {}
type: t
untag: u
`, &got)
	if len(mistakes)+len(warnings) > 0 {
		t.Fatal(mistakes, warnings)
	}
	secret := NewSecret("s")
	secret.line = 9
	a, b := NewSecret("a"), NewSecret("b")
	a.line, b.line = 14, 14
	want := anyShape{
		Text: "1.10", Number: 1000, Count: 10, Size: 16, Flag: true, Word: "b", Wait: analysis.Duration(90 * time.Second),
		Secret: &secret, Own: ownYAML{1, map[string]string{"x": "y"}}, Prefix: netip.MustParsePrefix("10.0.0.0/8"),
		Any: []any{1, map[string]any{"a": "b"}}, List: []int{1, 2}, Secrets: []Secret{a, b},
		Map:   map[string]inner{"one": {1, "default"}, "two": {0, "own"}},
		Inner: &inner{0, "default"}, Inlined: Inlined{"t"}, Untag: "u",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\ninstead of\n%+v", got, want)
	}
}

func TestDecodeMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"text: {a: 1}", "f:1:7: text: want a text, have a map"},
		{"number: x", `f:1:9: number: want a number, have a text "x"`},
		{"number: 2024-01-01", `f:1:9: number: want a number, have a date "2024-01-01"`},
		{"number: .inf", "f:1:9: number: want a finite number, have .inf"},
		{"number: true", `f:1:9: number: want a number, have true or false "true"`},
		{"count: 1.5", "f:1:8: count: want a whole number, have 1.5"},
		{"count: 200", "f:1:8: count: number 200: out of range"},
		{"count: 1e300", "f:1:8: count: number 1e300: out of range"},
		{"size: -1", "f:1:7: size: number -1: out of range"},
		{"flag: on", `f:1:7: flag: want true or false, have a text "on"`},
		{"word: c", `f:1:7: word: "c" is not one of a, b (try: a)`},
		{"wait: [1s]", "f:1:7: wait: want a text, have a list"},
		{"secret: {a: hunter2}", "f:1:9: secret: want a text, have a map"},
		{"secrets: hunter2", "f:1:10: secrets: want a list, have a text"},
		{"own: {a: hunter2}", "f:1:6: own: want a number, have a text"},
		{"own:\n  a: 1\n  m:\n    x: [1]", "f:4: own: want a text, have a list"},
		{"own:\n  m: {x: 1, x: 2}", `f:2:3: own: key "x": given twice, first in line 2`},
		{"own: 7", "f:1:6: own: want a map, have a number"},
		{"prefix: ten", `f:1:9: prefix: netip.ParsePrefix("ten"): no '/'`},
		{"list: {a: 1}", "f:1:7: list: want a list, have a map"},
		{"list: 5", "f:1:7: list: want a list, have a number (try: [5])"},
		{"list: [1, ~]", "f:1:11: list[1]: an item without a value"},
		{"map: [a]", "f:1:6: map: want a map, have a list"},
		{"map: {x: {c: 1}}", `f:1:11: map.x.c: unknown key "c" (try: a)`},
		{"map: {x: }", "f:1:10: map.x: a key without a value"},
		{"inner: {a: x}", `f:1:12: inner.a: want a number, have a text "x"`},
		{"skipped: x", `f:1:1: skipped: unknown key "skipped" (try: one of any, count, flag, inner, list, map, number, own, prefix, secret, secrets, size, ...)`},
		{"hidden: x", `f:1:1: hidden: unknown key "hidden" (try: one of any, count, flag, inner, list, map, number, own, prefix, secret, secrets, size, ...)`},
		{"text: !!binary aGk=", "f:1:7: text: tag !!binary: not known"},
		{"<<: 5\ntext: x", "f:1:5: want a map, have a number"},
	} {
		mistakes, _ := decodeText(t, c.text, &anyShape{})
		var got []string
		for _, m := range mistakes {
			got = append(got, m.String())
		}
		if s := strings.Join(got, "\n"); s != c.want {
			t.Errorf("%s\n%s\ninstead of\n%s", c.text, s, c.want)
		}
	}
}

// TestDecodeKeeps wants what could not be read to keep its value, null to bring a
// default back, and maps to be laid over each other.
func TestDecodeKeeps(t *testing.T) {
	got := anyShape{
		Number: 1, Count: 2, Wait: 3, Text: "t", Inner: &inner{A: 1, B: "x"},
		Map: map[string]inner{"keep": {A: 1}, "both": {1, "x"}, "drop": {}}, List: []int{1, 2, 3},
	}
	shared := got.Inner
	decodeText(t, "number: x\ncount: 1.5\nwait: long\ntext: ~\nmap: {both: {a: 2}, drop: ~, new: {}}\ninner: {b: y}\nlist: [9]\n", &got)
	want := anyShape{
		Number: 1, Count: 2, Wait: 3, Inner: &inner{A: 1, B: "y"},
		Map: map[string]inner{"keep": {A: 1}, "both": {2, "x"}, "new": {B: "default"}}, List: []int{9},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\ninstead of\n%+v", got, want)
	}
	if shared.B != "x" {
		t.Error("wrote through a pointer that others may hold")
	}
}

func TestDecodeMerges(t *testing.T) {
	var got struct {
		Map map[string]inner `yaml:"map"`
	}
	mistakes, _ := decodeText(t, `
map:
  one: &one {a: 1, b: one}
  two: &two {a: 2}
  own: {<<: *one, a: 9}
  list: {<<: [*two, *one]}
  chain: {<<: {<<: *one, a: 3}}
`, &got)
	want := map[string]inner{
		"one": {1, "one"}, "two": {2, "default"}, "own": {9, "one"}, "list": {2, "one"}, "chain": {3, "one"},
	}
	if len(mistakes) > 0 || !reflect.DeepEqual(got.Map, want) {
		t.Errorf("%+v, %v", got.Map, mistakes)
	}
}

func TestDecodeWarnsOfReferences(t *testing.T) {
	var got anyShape
	mistakes, warnings := decodeText(t, "text: a ${env:X}\nsecret: ${env:X}\nlist: []\nmap: {x: {b: '${file:y}'}}\n", &got)
	if len(mistakes) > 0 || len(warnings) != 2 || warnings[0].Path != "text" || warnings[1].Path != "map.x.b" {
		t.Errorf("%v %v", mistakes, warnings)
	}
}

func TestPositionOfWhatIsMissing(t *testing.T) {
	doc := newDocument("f", &notes{})
	doc.parse([]byte("plans:\n  - name: x\n    score:\n      pass: 1\n"))
	var file mainFile
	(&decoder{doc: doc}).structure(doc.root, reflect.ValueOf(&file).Elem(), "")
	var plan planFile
	(&decoder{doc: doc}).value(file.Plans[0].node, reflect.ValueOf(&plan).Elem(), "plans[0]")
	for path, want := range map[string]string{
		"plans[0].score.pass":     "f:4",
		"plans[0].score.marginal": "f:4", // the block that lacks it
		"plans[0].metrics[2].x":   "f:2",
		"guards.many_services":    "f:1",
	} {
		if at := doc.at(path); at.String() != want || at.path != path {
			t.Errorf("%s: %s %s", path, at, at.path)
		}
	}
}

func TestShareIsExact(t *testing.T) {
	var got struct {
		S share `yaml:"s"`
	}
	for text, want := range map[string]share{
		"0.7%": 0.007, "7%": 0.07, "1.1%": 0.011, "0.29%": 0.0029, "5 %": 0.05, "100%": 1, "0.01": 0.01, "1": 1, "'3%'": 0.03, "-1%": -0.01,
	} {
		if mistakes, _ := decodeText(t, "s: "+text, &got); len(mistakes) > 0 || got.S != want {
			t.Errorf("%s: %v, %v", text, float64(got.S), mistakes)
		}
	}
	for _, text := range []string{"'0.1'", "%", "1e3%", "x%", "nan%", ".inf", "inf%", "0x1p4%", "[]", "true"} {
		if mistakes, _ := decodeText(t, "s: "+text, &got); len(mistakes) != 1 {
			t.Errorf("%s: %v", text, mistakes)
		}
	}
}
