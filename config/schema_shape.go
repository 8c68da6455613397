package config

import (
	"github.com/invopop/jsonschema"
)

// schemed is a shape that tells editors how it may be written.
type schemed interface {
	schema() *jsonschema.Schema
}

// either lets a value match any of several schemas.
func either(schemas ...*jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: schemas}
}

// words lets a value be one of several words.
func words(list ...any) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Enum: list}
}

// mapOf is the schema of the map by which a shape may be written.
func mapOf(s formed) *jsonschema.Schema { return reflectType(s.form()) }

// oneKeyOf is the schema of such a map with exactly one of its keys.
func oneKeyOf(s formed) *jsonschema.Schema {
	one, m := uint64(1), mapOf(s)
	m.MinProperties, m.MaxProperties = &one, &one
	return m
}

func durationSchema() *jsonschema.Schema {
	return either(
		&jsonschema.Schema{Type: "string", Pattern: `^-?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d|w))+$|^0$`, Examples: []any{"30s", "5m", "1h30m", "7d"}},
		&jsonschema.Schema{Type: "number", Const: 0},
	)
}

func (*share) schema() *jsonschema.Schema {
	return either(
		&jsonschema.Schema{Type: "number"},
		&jsonschema.Schema{Type: "string", Pattern: `^[+-]?(\d+\.?\d*|\.\d+)\s*%$`, Examples: []any{"1%"}},
	)
}

func (b *baselineShape) schema() *jsonschema.Schema {
	return either(words("version", "none"), oneKeyOf(b))
}

func (t *toleranceShape) schema() *jsonschema.Schema {
	return either((*share)(nil).schema(), oneKeyOf(t))
}

func (s *noDataShape) schema() *jsonschema.Schema {
	return either(words("wait", "ignore", "fail"), mapOf(s))
}

func (r *reactionShape) schema() *jsonschema.Schema {
	return either(&jsonschema.Schema{Type: "string"}, mapOf(r))
}

func (r *secondShape) schema() *jsonschema.Schema {
	return either(&jsonschema.Schema{Type: "string"}, mapOf(r))
}

func (r *thirdShape) schema() *jsonschema.Schema {
	return either(&jsonschema.Schema{Type: "string"}, mapOf(r))
}

func (l *lookupShape) schema() *jsonschema.Schema {
	return either(&jsonschema.Schema{Type: "string"}, mapOf(l))
}

func (*addressRange) schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Examples: []any{"10.0.0.0/8", "192.0.2.7"}}
}
