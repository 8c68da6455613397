package config

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// field is one key of a struct.
type field struct {
	name  string
	index []int
	typ   reflect.Type
	words []string // that its text may be; none: any
}

// fieldsOf returns the keys of a struct by its yaml tags, those of inlined
// structs among them.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case name == "-":
		case slices.Contains(strings.Split(options, ","), "inline"):
			for _, in := range fieldsOf(f.Type) {
				in.index = append(slices.Clone(f.Index), in.index...)
				out = append(out, in)
			}
		case f.IsExported():
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			out = append(out, field{name, f.Index, f.Type, enum(f.Tag)})
		}
	}
	return out
}

// unknown notes a key that the struct does not have.
func (d *decoder) unknown(key *yaml.Node, path string, fields []field) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	d.mistake(key, path, "unknown key %q", key.Value).try("%s", meant(key.Value, names))
}

// oneOf checks a text against the words that its field allows.
func (d *decoder) oneOf(n *yaml.Node, v reflect.Value, words []string, path string) {
	if len(words) == 0 || v.Kind() != reflect.String || d.doc.broken[path] || isNull(resolved(n)) {
		return
	}
	if word := v.String(); !slices.Contains(words, word) {
		d.mistake(resolved(n), path, "%q is not one of %s", word, strings.Join(words, ", ")).Hint = nearest(word, words)
	}
}

// enum returns the words that a field's jsonschema tag allows ("enum=a,enum=b").
func enum(tag reflect.StructTag) []string {
	var words []string
	for part := range strings.SplitSeq(tag.Get("jsonschema"), ",") {
		if word, ok := strings.CutPrefix(part, "enum="); ok {
			words = append(words, word)
		}
	}
	return words
}
