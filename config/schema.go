package config

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/analysis"
)

// Schema returns a JSON Schema of the config file for editors: it completes keys,
// shows what they mean, and marks what the file alone can show to be wrong. Much
// only Load can know; on the other hand the schema wants quotes around texts that
// look like numbers, and knows no null.
func Schema(t Types) ([]byte, error) {
	r := reflector()
	root := r.ReflectFromType(reflect.TypeFor[mainFile]())
	root.Version, root.ID = jsonschema.Version, ""
	root.Title = "Haldane's config file"
	sources := make([]section, len(t.Sources))
	for i, s := range t.Sources {
		sources[i] = section{s.Name, s.New()}
	}
	actions := make([]section, len(t.Actions))
	for i, a := range t.Actions {
		actions[i] = section{a.Name, a.New()}
	}
	root.Definitions = jsonschema.Definitions{
		"plan": planSchema(true), "defaults": planSchema(false),
		"source": sectionSchema(sources), "action": sectionSchema(actions),
	}
	return json.MarshalIndent(root, "", "  ")
}

// reflector makes schemas of the structs of the config file: keys from their yaml
// tags, descriptions from their doc tags, the rest from their jsonschema tags.
func reflector() *jsonschema.Reflector {
	return &jsonschema.Reflector{
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		DoNotReference:             true,
		Anonymous:                  true,
		Mapper:                     mapped,
		LookupComment: func(t reflect.Type, name string) string {
			if name == "" {
				return ""
			}
			f, _ := t.FieldByName(name)
			return f.Tag.Get("doc")
		},
	}
}

// reflectType returns the schema of a type that other schemas contain.
func reflectType(t reflect.Type) *jsonschema.Schema {
	s := reflector().ReflectFromType(t)
	s.Version = ""
	return s
}

// mapped returns the schemas of types that are written in another way than their
// Go type says, nil for the rest.
func mapped(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[analysis.Duration]():
		return durationSchema()
	case reflect.TypeFor[Secret](), reflect.TypeFor[netip.Prefix]():
		return &jsonschema.Schema{Type: "string"}
	case reflect.TypeFor[rawPlan]():
		return &jsonschema.Schema{Ref: "#/$defs/plan"}
	case reflect.TypeFor[rawDefaults]():
		return &jsonschema.Schema{Ref: "#/$defs/defaults"}
	case reflect.TypeFor[rawSource]():
		return &jsonschema.Schema{Ref: "#/$defs/source"}
	case reflect.TypeFor[rawAction]():
		return &jsonschema.Schema{Ref: "#/$defs/action"}
	}
	switch own := reflect.New(t).Interface().(type) {
	case schemed:
		return own.schema()
	case yaml.Unmarshaler:
		return &jsonschema.Schema{} // only its type knows
	case interface{ UnmarshalText([]byte) error }:
		return either(&jsonschema.Schema{Type: "string"}, &jsonschema.Schema{Type: "number"})
	}
	return nil
}

// planSchema is the schema of a plan; defaults require nothing and have no name.
func planSchema(whole bool) *jsonschema.Schema {
	s := reflectType(reflect.TypeFor[planFile]())
	if !whole {
		s.Required = nil
		s.Properties.Delete("name")
	}
	return s
}

// section is one type of source or action.
type section struct {
	name     string
	settings any
}

// sectionSchema is the schema of a section whose keys depend on its type.
func sectionSchema(types []section) *jsonschema.Schema {
	kind := &jsonschema.Schema{Type: "string", Description: "which kind this is; its other keys depend on it"}
	out := &jsonschema.Schema{Type: "object", Required: []string{"type"}, Properties: jsonschema.NewProperties()}
	out.Properties.Set("type", kind)
	for _, t := range types {
		kind.Enum = append(kind.Enum, t.name)
		is := &jsonschema.Schema{Required: []string{"type"}, Properties: jsonschema.NewProperties()}
		is.Properties.Set("type", &jsonschema.Schema{Const: t.name})
		out.AllOf = append(out.AllOf, &jsonschema.Schema{If: is, Then: reflectType(reflect.TypeOf(t.settings))})
	}
	slices.SortFunc(kind.Enum, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	return out
}
