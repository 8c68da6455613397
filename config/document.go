package config

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// notes gathers, over all files, what is wrong and what looks wrong.
type notes struct {
	mistakes []*Mistake
	warnings []*Mistake
}

// position is where a value was written.
type position struct {
	file         string
	line, column int
	path         string // as the reader of that file would say it
}

// document is one config file while it is read: its tree, and where each value of
// what was decoded from it stands, by path ("plans[0].every").
type document struct {
	name   string // as people call it: the path given to Load, or one beside it
	root   *yaml.Node
	places map[string]position
	broken map[string]bool // paths whose value could not be read
	notes  *notes
	fields map[reflect.Type][]field // of the structs that were decoded, for all files

	defaults *document // whose defaults stand under the plans of this one; nil for none
}

func newDocument(name string, notes *notes) *document {
	return &document{
		name: name, places: map[string]position{}, broken: map[string]bool{}, notes: notes, fields: map[reflect.Type][]field{},
	}
}

// beside makes a document that is loaded together with this one.
func (d *document) beside(name string) *document {
	other := newDocument(name, d.notes)
	other.fields = d.fields
	return other
}

// fieldsOf returns the keys of a struct.
func (d *document) fieldsOf(t reflect.Type) []field {
	fields, ok := d.fields[t]
	if !ok {
		fields = fieldsOf(t)
		d.fields[t] = fields
	}
	return fields
}

// dir is the folder from which relative paths in the file start.
func (d *document) dir() string { return filepath.Dir(d.name) }

// at returns the place of a path, or of the nearest thing around it that was
// written.
func (d *document) at(path string) position {
	for p := path; ; {
		at, ok := d.places[p]
		if !ok {
			at, ok = d.inherited(p)
		}
		if ok {
			at.path += path[len(p):]
			return at
		}
		i := strings.LastIndexAny(p, ".[")
		if i <= 0 {
			at := d.places[""] // the file as a whole
			at.file, at.path = d.name, path
			return at
		}
		p = p[:i]
	}
}

// has reports whether a value was written in the file itself, not taken from the
// defaults.
func (d *document) has(path string) bool {
	_, ok := d.places[path]
	return ok
}

// inherited returns where a value of a plan stands in the defaults.
func (d *document) inherited(path string) (position, bool) {
	if d.defaults == nil {
		return position{}, false
	}
	path, ok := inDefaults(path)
	if !ok {
		return position{}, false
	}
	at, ok := d.defaults.places[path]
	return at, ok
}

// inDefaults returns the path in the defaults of what a plan's path leads to:
// defaults.every of plans[0].every.
func inDefaults(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, "plans[")
	if !ok {
		return "", false
	}
	_, rest, ok = strings.Cut(rest, "]")
	return "defaults" + rest, ok
}

// unread reports whether the value at a path could not be read: the file's own or,
// when it has none there, that of the defaults.
func (d *document) unread(path string) bool {
	if d.broken[path] {
		return true
	}
	if d.defaults == nil || len(d.defaults.broken) == 0 || d.has(path) {
		return false
	}
	path, ok := inDefaults(path)
	return ok && d.defaults.broken[path]
}

// mistake notes what is wrong at a path. One that could not even be read is not
// complained about again.
func (d *document) mistake(path, format string, args ...any) *Mistake {
	m := d.note(path, format, args...)
	if !d.unread(path) {
		d.notes.mistakes = append(d.notes.mistakes, m)
	}
	return m
}

// warn notes what looks wrong at a path.
func (d *document) warn(path, format string, args ...any) *Mistake {
	m := d.note(path, format, args...)
	if !d.unread(path) {
		d.notes.warnings = append(d.notes.warnings, m)
	}
	return m
}

func (d *document) note(path, format string, args ...any) *Mistake {
	at := d.at(path)
	return &Mistake{File: at.file, Line: at.line, Column: at.column, Path: at.path, Message: fmt.Sprintf(format, args...)}
}
