package config

import (
	"crypto/sha256"
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
	l.config.seen.files[doc.name] = add(l.hash, l.relative(doc.name), data)
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
			doc := l.main.beside(name)
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
	l.config.seen.patterns[full] = found
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
		if slices.Contains([]string{"tokens", "defaults", "guards", "keep", "egress", "include"}, m.Path) {
			m.Message = "not allowed in an included file"
			m.try("move it to %s", l.main.name)
		}
	}
	l.shared = append(l.shared, sharedPart{doc, file})
}

// add writes a name and a sum of fixed length, so that no two lists of files look the
// same to h. It returns the sum.
func add(h hash.Hash, name string, data []byte) (sum [sha256.Size]byte) {
	n, sum := sha256.Sum256([]byte(name)), sha256.Sum256(data)
	h.Write(n[:])
	h.Write(sum[:])
	return sum
}

// seen is what the files were when they were read, also those that secrets come from.
type seen struct {
	files    map[string][sha256.Size]byte // by path
	patterns map[string][]string          // of include, and what they found
}

func newSeen() seen {
	return seen{map[string][sha256.Size]byte{}, map[string][]string{}}
}

// Unchanged reports whether all files that were read are still what they were, and
// whether the same are to be included. It is much cheaper than Load.
func (c *Config) Unchanged() bool {
	for pattern, found := range c.seen.patterns {
		if now, err := filepath.Glob(pattern); err != nil || !slices.Equal(now, found) {
			return false
		}
	}
	for path, sum := range c.seen.files {
		if data, why := readFile(path, maxFile); why != "" || sha256.Sum256(data) != sum {
			return false
		}
	}
	return true
}
