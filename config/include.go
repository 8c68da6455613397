package config

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"path/filepath"
	"slices"
	"strings"
)

// read reads and parses one file.
func (l *loader) read(doc *document) bool {
	data, why := readFile(doc.name, maxFile)
	if why != "" {
		doc.mistake("", "cannot be read: %s", why)
		return false
	}
	l.config.Files = append(l.config.Files, doc.name)
	l.prints.file(l.relative(doc.name), data)
	return doc.parse(data)
}

// relative names a file as seen from the main one, the same on every replica
// wherever the files are mounted.
func (l *loader) relative(name string) string {
	if rel, err := filepath.Rel(l.main.dir(), name); err == nil {
		return filepath.ToSlash(rel)
	}
	return name
}

// include reads the files that the main one names.
func (l *loader) include(patterns []string) {
	for i, pattern := range patterns {
		path := index("include", i)
		found, ok := l.match(path, pattern)
		if !ok {
			continue
		}
		for _, name := range found {
			if slices.Contains(l.config.Files, name) {
				continue // named twice, or the main file itself
			}
			doc := newDocument(name, l.notes)
			if l.read(doc) {
				l.includeFile(doc)
			}
		}
	}
}

// match returns the files of a pattern, sorted, in the main file's folder.
func (l *loader) match(path, pattern string) ([]string, bool) {
	doc := l.main
	if pattern == "" {
		doc.mistake(path, "empty").try(`"plans.d/*.yaml"`)
		return nil, false
	}
	full := filepath.Clean(pattern)
	if !filepath.IsAbs(pattern) {
		full = filepath.Join(escapeGlob(doc.dir()), pattern)
	}
	found, err := filepath.Glob(full)
	switch {
	case err != nil:
		doc.mistake(path, "pattern %q: not understood", pattern).try(`* for any characters of a name, as in "plans.d/*.yaml"`)
		return nil, false
	case len(found) == 0 && strings.ContainsAny(pattern, `*?[`):
		doc.warn(path, "pattern %q: no file matches", pattern)
	case len(found) == 0:
		doc.mistake(path, "file %q: does not exist", pattern).try("a path relative to %s", doc.dir())
		return nil, false
	}
	return found, true
}

// escapeGlob makes a folder's own name mean itself in a pattern.
func escapeGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// includeFile keeps what an included file gives.
func (l *loader) includeFile(doc *document) {
	var file sharedFile
	before := len(l.notes.mistakes)
	l.decode(doc, &file)
	for _, m := range l.notes.mistakes[before:] {
		if slices.Contains([]string{"tokens", "defaults", "guards", "egress", "include"}, m.Path) {
			m.Message = "not allowed in an included file"
			m.try("move it to %s", l.main.name)
		}
	}
	l.shared = append(l.shared, sharedPart{doc, file})
}

// prints makes the hashes of what was read.
type prints struct {
	files, secrets hash.Hash
}

func newPrints() *prints { return &prints{sha256.New(), sha256.New()} }

// file adds a config file.
func (p *prints) file(name string, data []byte) { add(p.files, name, data) }

// secret adds a file that a secret was read from.
func (p *prints) secret(name string, data []byte) { add(p.secrets, name, data) }

// add writes a name and a sum of fixed length, so that no two lists of files look
// the same to h.
func add(h hash.Hash, name string, data []byte) {
	n, d := sha256.Sum256([]byte(name)), sha256.Sum256(data)
	h.Write(n[:])
	h.Write(d[:])
}

func (p *prints) sums() (files, all string) {
	f := p.files.Sum(nil)
	p.secrets.Write(f)
	return hex.EncodeToString(f), hex.EncodeToString(p.secrets.Sum(nil))
}
