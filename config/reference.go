package config

import (
	_ "embed"
	"encoding"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Reference is a config file with every key explained.
//
//go:embed reference.yaml
var Reference string

// Keys returns the keys that the settings of a source or action may have, such as
// "url" and "tls.ca", sorted. Keys that the operator chooses, such as the names of
// headers, are not among them.
func Keys(settings any) []string {
	out := map[string]bool{}
	typeKeys(reflect.TypeOf(settings), "", out)
	return slices.Sorted(maps.Keys(out))
}

// typeKeys adds the keys of a type below a path.
func typeKeys(t reflect.Type, path string, out map[string]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	switch own := reflect.New(t).Interface().(type) {
	case formed:
		t = own.form()
	case shape, yaml.Unmarshaler, encoding.TextUnmarshaler:
		return
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for _, f := range fieldsOf(t) {
		at := join(path, f.name)
		out[at] = true
		typeKeys(f.typ, at, out)
	}
}

// Undocumented returns the keys of the config file, and of the given types of
// sources and actions, that Reference lacks or does not explain, sorted:
// "plans.every", "sources.prometheus.url".
func Undocumented(t Types) ([]string, error) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(Reference), &root); err != nil {
		return nil, err
	}
	explained := map[string]bool{}
	explains(root.Content[0], "", explained)
	want := map[string]bool{}
	typeKeys(reflect.TypeFor[mainFile](), "", want)
	maps.DeleteFunc(want, func(key string, _ bool) bool {
		// The long form of a reaction is explained once.
		list, long := strings.CutPrefix(key, "plans.on_")
		return long && strings.Contains(list, ".") && !strings.HasPrefix(list, "fail.")
	})
	for _, s := range t.Sources {
		typeKeys(reflect.TypeOf(s.New()), "sources."+s.Name, want)
	}
	for _, a := range t.Actions {
		typeKeys(reflect.TypeOf(a.New()), "actions."+a.Name, want)
	}
	maps.DeleteFunc(want, func(key string, _ bool) bool {
		// The same for all actions, and explained once.
		action, texts, ok := strings.Cut(strings.TrimPrefix(key, "actions."), ".texts")
		return ok && !strings.Contains(action, ".") && (action != "slack" || texts != "")
	})
	for key := range explained {
		delete(want, key)
	}
	return slices.Sorted(maps.Keys(want)), nil
}

// explains adds the keys that have a comment. Sections go by their type, and what
// all types share counts for each.
func explains(n *yaml.Node, path string, out map[string]bool) {
	for i, child := range n.Content {
		switch n.Kind {
		case yaml.SequenceNode:
			explains(child, path, out)
		case yaml.MappingNode:
			if i%2 == 1 {
				continue
			}
			value := n.Content[i+1]
			at := join(path, child.Value)
			if path == "sources" || path == "actions" {
				at = join(path, typeOf(value))
			}
			if child.HeadComment != "" || n.HeadComment != "" && i == 0 {
				out[at] = true
			}
			explains(value, at, out)
		}
	}
}

// typeOf returns the type that a section names.
func typeOf(section *yaml.Node) string {
	for i := 0; i+1 < len(section.Content); i += 2 {
		if section.Content[i].Value == "type" {
			return section.Content[i+1].Value
		}
	}
	return ""
}
