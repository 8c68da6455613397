package config

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	maxFile = 1 << 20 // bytes of one config file
	// maxValues bounds the values of one file with its aliases written out. A file
	// of the largest size holds fewer, unless it is made of aliases.
	maxValues = 600_000
)

// readFile reads one file up to its largest size.
func readFile(path string, limit int64) (data []byte, why string) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileTrouble(err)
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, "it is a folder"
	}
	data, err = io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, fileTrouble(err)
	case int64(len(data)) > limit && limit >= 1<<20:
		return nil, "it is larger than 1 MiB"
	case int64(len(data)) > limit:
		return nil, "it is larger than 64 KiB"
	}
	return data, ""
}

// fileTrouble says why a file cannot be read, without its path.
func fileTrouble(err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "it does not exist"
	case errors.Is(err, os.ErrPermission):
		return "this user may not read it"
	}
	return "reading it failed"
}

// parse makes the tree of a document. What is wrong with the YAML itself becomes
// a mistake, and then there is no tree.
func (d *document) parse(data []byte) bool {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var root, more yaml.Node
	err := dec.Decode(&root)
	switch {
	case errors.Is(err, io.EOF) || err == nil && (len(root.Content) == 0 || isNull(root.Content[0])):
		d.mistake("", "the file is empty").try("begin with the example of the README, or haldane check --reference")
		return false
	case err != nil:
		d.notYAML(err, data)
		return false
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		d.mistake("", "more than one YAML document").try("several files, joined by include")
		return false
	}
	if trouble := expands(root.Content[0]); trouble != "" {
		d.mistake("", "%s", trouble)
		return false
	}
	d.root = root.Content[0]
	d.places[""] = position{file: d.name, line: d.root.Line, column: d.root.Column}
	return true
}

// notYAML notes a syntax error.
func (d *document) notYAML(err error, data []byte) {
	line, text := plainYAML(err.Error())
	m := d.mistake("", "not valid YAML: %s", text)
	m.Line = line
	lines := strings.Split(string(data), "\n")
	for _, at := range []int{line, line + 1} {
		if at > 0 && at <= len(lines) && strings.HasPrefix(strings.TrimLeft(lines[at-1], " "), "\t") {
			m.try("spaces instead of tabs")
		}
	}
}

// expands returns why a tree cannot be used: an alias that contains itself, or so
// many aliases that writing them out would fill the memory.
func expands(root *yaml.Node) string {
	const underway = -1
	sizes := map[*yaml.Node]int{} // of anchored nodes, with their aliases written out
	var size func(n *yaml.Node) int
	size = func(n *yaml.Node) int {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		if n.Anchor != "" {
			if known, ok := sizes[n]; ok {
				return known
			}
			sizes[n] = underway
		}
		sum := 1
		for _, c := range n.Content {
			s := size(c)
			if s == underway {
				return underway
			}
			sum = min(sum+s, maxValues+1)
		}
		if n.Anchor != "" {
			sizes[n] = sum
		}
		return sum
	}
	switch s := size(root); {
	case s == underway:
		return "an alias contains itself"
	case s > maxValues:
		return "too many values, perhaps by its aliases"
	}
	return ""
}

// resolved follows aliases to what they stand for.
func resolved(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// entry is one key of a map.
type entry struct{ key, value *yaml.Node }

// entries returns the keys of a map, each once, with those that it merges in
// (<<) behind its own. Keys given twice are noted; the first counts.
func (d *decoder) entries(n *yaml.Node, path string) ([]entry, bool) {
	if n.Kind != yaml.MappingNode {
		d.mistake(n, path, "want a map, have %s", kindOf(n))
		return nil, false
	}
	var out []entry
	var merges []*yaml.Node
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		first, twice := seen[resolved(key).Value]
		switch {
		case key.Tag == "!!merge":
			merges = append(merges, value)
		case resolved(key).Kind != yaml.ScalarNode:
			d.mistake(key, path, "a key must be a text, have %s", kindOf(resolved(key)))
		case twice:
			d.mistake(key, join(path, key.Value), "given twice, first in line %d", first.Line)
		default:
			seen[resolved(key).Value] = key
			out = append(out, entry{resolved(key), value})
		}
	}
	for _, m := range merges {
		out = d.merged(m, path, out, seen)
	}
	return out, true
}

// merged adds the keys of what << names that are not there yet: a map or a list
// of maps, of which the earlier wins.
func (d *decoder) merged(n *yaml.Node, path string, out []entry, seen map[string]*yaml.Node) []entry {
	n = resolved(n)
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			out = d.merged(item, path, out, seen)
		}
		return out
	}
	entries, ok := d.entries(n, path)
	for _, e := range entries {
		if _, there := seen[e.key.Value]; ok && !there {
			seen[e.key.Value] = e.key
			out = append(out, e)
		}
	}
	return out
}
