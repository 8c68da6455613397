package config

import (
	"fmt"
	"path/filepath"
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
	inherited    bool   // from defaults
}

// document is one config file while it is read: its tree, and where each value of
// what was decoded from it stands, by path ("plans[0].every").
type document struct {
	name   string // as people call it: the path given to Load, or one beside it
	root   *yaml.Node
	places map[string]position
	broken map[string]bool // paths whose value could not be read
	notes  *notes
}

func newDocument(name string, notes *notes) *document {
	return &document{name: name, places: map[string]position{}, broken: map[string]bool{}, notes: notes}
}

// dir is the folder from which relative paths in the file start.
func (d *document) dir() string { return filepath.Dir(d.name) }

// at returns the place of a path, or of the nearest thing around it that was
// written.
func (d *document) at(path string) position {
	for p := path; ; {
		if at, ok := d.places[p]; ok {
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
	at, ok := d.places[path]
	return ok && !at.inherited
}

// mistake notes what is wrong at a path. One that could not even be read is not
// complained about again.
func (d *document) mistake(path, format string, args ...any) *Mistake {
	m := d.note(path, format, args...)
	if !d.broken[path] {
		d.notes.mistakes = append(d.notes.mistakes, m)
	}
	return m
}

// warn notes what looks wrong at a path.
func (d *document) warn(path, format string, args ...any) *Mistake {
	m := d.note(path, format, args...)
	if !d.broken[path] {
		d.notes.warnings = append(d.notes.warnings, m)
	}
	return m
}

func (d *document) note(path, format string, args ...any) *Mistake {
	at := d.at(path)
	return &Mistake{File: at.file, Line: at.line, Column: at.column, Path: at.path, Message: fmt.Sprintf(format, args...)}
}
