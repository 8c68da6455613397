package config

import (
	"encoding"
	"reflect"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// decoder fills Go values from a tree of YAML, strictly: a key that the struct
// does not know, a key given twice and a value of the wrong kind are mistakes,
// each with its place. What could not be read keeps the value it had.
//
// Decoding into a value that already holds one lays the new over the old: keys
// of structs and maps one by one, lists as a whole. That is how defaults work.
type decoder struct{ doc *document }

// defaulter is a struct that starts with values other than Go's zeroes. A null in
// the file gives a field that value back.
type defaulter interface{ setDefaults() }

// shape is a value that may be written in several ways.
type shape interface {
	read(d *decoder, n *yaml.Node, path string)
}

// formed is a shape of which one way of writing is a map.
type formed interface {
	form() reflect.Type // a struct with the keys of that map
}

// mistake notes that the value at path cannot be read.
func (d *decoder) mistake(n *yaml.Node, path, format string, args ...any) *Mistake {
	d.mark(n, path)
	m := d.doc.note(path, format, args...)
	d.doc.notes.mistakes = append(d.doc.notes.mistakes, m)
	d.doc.broken[path] = true
	return m
}

// mark remembers where a value stands.
func (d *decoder) mark(n *yaml.Node, path string) {
	d.doc.places[path] = position{file: d.doc.name, line: n.Line, column: n.Column, path: path}
	delete(d.doc.broken, path) // of a key that is given twice: the first counts
}

// value decodes n into v, which must be settable.
func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) {
	n = resolved(n)
	d.mark(n, path)
	if isNull(n) {
		return
	}
	if !slices.Contains([]string{"!!str", "!!int", "!!float", "!!bool", "!!timestamp", "!!seq", "!!map"}, n.Tag) {
		d.mistake(n, path, "tag %s: not known", n.Tag)
		return
	}
	if v.Kind() == reflect.Pointer {
		fresh := newOf(v.Type().Elem())
		if !v.IsNil() {
			fresh.Set(v.Elem())
		}
		v.Set(fresh.Addr())
		d.value(n, fresh, path)
		return
	}
	switch own := v.Addr().Interface().(type) {
	case shape:
		own.read(d, n, path)
	case yaml.Unmarshaler:
		d.custom(n, own, path)
	case encoding.TextUnmarshaler:
		d.text(n, own, path)
	default:
		d.plain(n, v, path)
	}
}

// plain decodes what has no method of its own for it.
func (d *decoder) plain(n *yaml.Node, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v, path)
	case reflect.Map:
		d.mapping(n, v, path)
	case reflect.Slice:
		d.list(n, v, path)
	case reflect.Interface:
		if err := n.Decode(v.Addr().Interface()); err != nil {
			d.refused(n, path, err)
		}
	default:
		d.scalar(n, v, path)
	}
}

// structure decodes a map into a struct, and reports whether all of it was read.
func (d *decoder) structure(n *yaml.Node, v reflect.Value, path string) bool {
	entries, ok := d.entries(n, path)
	if !ok {
		return false
	}
	fields := d.doc.fieldsOf(v.Type())
	for _, e := range entries {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == e.key.Value })
		at := join(path, e.key.Value)
		if i < 0 {
			d.unknown(e.key, at, fields)
			ok = false
			continue
		}
		f := fields[i]
		target := v.FieldByIndex(f.index)
		if isNull(resolved(e.value)) {
			target.Set(newOf(v.Type()).FieldByIndex(f.index))
		}
		d.value(e.value, target, at)
		d.oneOf(e.value, target, f.words, at)
		ok = ok && !d.doc.broken[at]
	}
	return ok
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string) {
	entries, ok := d.entries(n, path)
	if !ok {
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), len(entries)+v.Len())
	for it := v.MapRange(); it.Next(); {
		out.SetMapIndex(it.Key(), it.Value())
	}
	v.Set(out)
	for _, e := range entries {
		key := reflect.ValueOf(e.key.Value).Convert(v.Type().Key())
		value := newOf(v.Type().Elem())
		if old := v.MapIndex(key); old.IsValid() {
			value.Set(old)
		}
		at := join(path, e.key.Value)
		d.value(e.value, value, at)
		switch {
		case !isNull(resolved(e.value)):
			v.SetMapIndex(key, value)
		case v.MapIndex(key).IsValid(): // takes back what the defaults gave
			v.SetMapIndex(key, reflect.Value{})
		default:
			d.mistake(e.value, at, "a key without a value")
		}
	}
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		m := d.mistake(n, path, "want a list, have %s", kindOf(n))
		if n.Kind == yaml.ScalarNode && v.Type().Elem() != reflect.TypeFor[Secret]() {
			m.try("[%s]", n.Value)
		}
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	v.Set(out)
	for i, item := range n.Content {
		out.Index(i).Set(newOf(v.Type().Elem()))
		at := index(path, i)
		d.value(item, out.Index(i), at)
		if isNull(resolved(item)) {
			d.mistake(item, at, "an item without a value")
		}
	}
}

// newOf makes a settable value of a type, with its defaults.
func newOf(t reflect.Type) reflect.Value {
	v := reflect.New(t)
	if s, ok := v.Interface().(defaulter); ok {
		s.setDefaults()
	}
	return v.Elem()
}

// join appends a key to a path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// index appends a place in a list to a path.
func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
