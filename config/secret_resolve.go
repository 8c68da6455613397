package config

import (
	"crypto/sha256"
	"reflect"
	"strings"
)

// secrets resolves every Secret in v. It returns the paths of those for which
// something is missing.
func (l *loader) secrets(doc *document, path string, v reflect.Value) (missing []string) {
	eachSecret(v, path, func(at string, s *Secret) {
		if !l.resolveSecret(doc, at, s) {
			missing = append(missing, at)
		}
	})
	return missing
}

// resolveSecret replaces what a secret refers to, and notes what is missing.
func (l *loader) resolveSecret(doc *document, at string, s *Secret) bool {
	missing, files := s.resolve(doc.dir(), l.types.Env)
	for name, data := range files {
		l.config.seen.files[name] = sha256.Sum256(data)
	}
	for _, p := range missing {
		m := doc.mistake(at, "%s", p.Message)
		m.Hint = p.Hint
		if s.line > 0 && m.Line != s.line && m.File == doc.name {
			m.Line, m.Column = s.line, 0 // inside something that decodes itself
		}
	}
	if len(missing) == 0 && strings.Contains(secretRef.ReplaceAllString(s.text().raw, ""), "${") {
		doc.warn(at, "${...} is taken as it is: only ${env:NAME} and ${file:path} are replaced")
	}
	return len(missing) == 0
}

// eachSecret visits every Secret in v, with its path.
func eachSecret(v reflect.Value, path string, visit func(path string, s *Secret)) {
	if v.CanAddr() {
		if s, ok := v.Addr().Interface().(*Secret); ok {
			visit(path, s)
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			eachSecret(v.Elem(), path, visit)
		}
	case reflect.Struct:
		secretFields(v, path, visit)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			eachSecret(v.Index(i), index(path, i), visit)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() { // values of maps cannot be changed in place
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			eachSecret(value, join(path, key.String()), visit)
			v.SetMapIndex(key, value)
		}
	}
}

// secretFields visits the fields of a struct, also those that only a type that
// decodes itself fills.
func secretFields(v reflect.Value, path string, visit func(path string, s *Secret)) {
	for f := range v.Type().Fields() {
		if !f.IsExported() && !f.Anonymous {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		at := path
		if name != "" && name != "-" && !strings.Contains(options, "inline") {
			at = join(path, name)
		}
		eachSecret(v.FieldByIndex(f.Index), at, visit)
	}
}
