package config

import (
	"encoding"
	"errors"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/analysis"
)

// scalar decodes texts, numbers, and true or false.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		d.mistake(n, path, "want %s, have %s", wanted(v.Kind()), kindOf(n))
		return
	}
	switch v.Kind() {
	case reflect.String:
		d.literal(n, path)
		v.SetString(n.Value)
	case reflect.Bool:
		if n.Tag != "!!bool" {
			d.mistake(n, path, "want true or false, have %s %q", kindOf(n), n.Value)
			return
		}
		v.SetBool(strings.EqualFold(n.Value, "true"))
	default:
		d.number(n, v, path)
	}
}

// number decodes numbers; the infinities and NaN of YAML are none.
func (d *decoder) number(n *yaml.Node, v reflect.Value, path string) {
	var x float64
	switch {
	case n.Tag != "!!int" && n.Tag != "!!float", n.Decode(&x) != nil:
		m := d.mistake(n, path, "want a number, have %s %q", kindOf(n), n.Value)
		if _, err := strconv.ParseFloat(n.Value, 64); err == nil {
			m.try("%s, without quotes", n.Value)
		}
	case !analysis.IsFinite(x):
		d.mistake(n, path, "want a finite number, have %s", n.Value)
	case v.CanFloat():
		v.SetFloat(x)
	case x != math.Trunc(x):
		d.mistake(n, path, "want a whole number, have %s", n.Value)
	case n.Decode(v.Addr().Interface()) != nil:
		d.mistake(n, path, "number %s: out of range", n.Value)
	}
}

// text decodes a type that reads a text, such as a duration.
func (d *decoder) text(n *yaml.Node, v encoding.TextUnmarshaler, path string) {
	if n.Kind != yaml.ScalarNode {
		d.mistake(n, path, "want a text, have %s", kindOf(n))
		return
	}
	d.literal(n, path)
	if err := v.UnmarshalText([]byte(n.Value)); err != nil {
		d.refused(n, path, err)
	}
}

// custom decodes a type that reads YAML itself, such as a Secret or a type of a
// vendor that is a text or a list.
func (d *decoder) custom(n *yaml.Node, v yaml.Unmarshaler, path string) {
	if err := v.UnmarshalYAML(n); err != nil {
		d.refused(n, path, err)
	}
}

// refused notes the error of a type that reads itself.
func (d *decoder) refused(n *yaml.Node, path string, err error) {
	var several *yaml.TypeError
	var own *analysis.Error
	switch {
	case errors.As(err, &several):
		for _, text := range several.Errors {
			line, message := plainYAML(text)
			m := d.mistake(n, path, "%s", message)
			if line > 0 && line != m.Line {
				m.Line, m.Column = line, 0
			}
		}
	case errors.As(err, &own):
		d.mistake(n, path, "%s", own.Message).Hint = strings.TrimPrefix(own.Hint, "try: ")
	default:
		_, message := plainYAML(err.Error())
		d.mistake(n, path, "%s", message)
	}
}

var (
	yamlLine    = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)
	yamlType    = regexp.MustCompile("^cannot unmarshal !!(\\w+)(?: `(?s:.*)`)? into (\\S+)$")
	yamlUnknown = regexp.MustCompile(`^field (\S+) not found in type \S+$`)
	yamlTwice   = regexp.MustCompile(`^mapping key (".*") already defined at line (\d+)$`)
)

// plainYAML takes an error of the YAML library apart: its line, and its text in
// words for people. Values are left out, they may be secret.
func plainYAML(text string) (line int, message string) {
	m := yamlLine.FindStringSubmatch(text)
	line, _ = strconv.Atoi(m[1])
	text = text[len(m[0]):]
	if t := yamlType.FindStringSubmatch(text); t != nil {
		return line, "want " + goWord(t[2]) + ", have " + tagWord("!!"+t[1])
	}
	if t := yamlUnknown.FindStringSubmatch(text); t != nil {
		return line, "unknown key " + strconv.Quote(t[1])
	}
	if t := yamlTwice.FindStringSubmatch(text); t != nil {
		return line, "key " + t[1] + ": given twice, first in line " + t[2]
	}
	return line, text
}

// goWord says what a Go type is in a config file.
func goWord(t string) string {
	switch {
	case strings.HasPrefix(t, "[]"):
		return "a list"
	case strings.HasPrefix(t, "map["):
		return "a map"
	case strings.HasPrefix(t, "int"), strings.HasPrefix(t, "uint"), strings.HasPrefix(t, "float"):
		return "a number"
	case t == "bool":
		return "true or false"
	case t == "string":
		return "a text"
	}
	return "a map"
}

// literal warns when a text that is taken as it is looks like a reference.
func (d *decoder) literal(n *yaml.Node, path string) {
	if secretRef.MatchString(n.Value) {
		d.doc.warn(path, "%s is not replaced here: only secrets are", secretRef.FindString(n.Value))
	}
}

// wanted says what a field takes.
func wanted(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	}
	return "a number"
}

// kindOf says what a node is.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	}
	return tagWord(n.Tag)
}

func tagWord(tag string) string {
	switch tag {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!null":
		return "nothing"
	case "!!timestamp":
		return "a date"
	case "!!seq":
		return "a list"
	case "!!map":
		return "a map"
	}
	return "a text"
}
