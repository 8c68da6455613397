package httpjson

import (
	"encoding/json"
	"strings"

	"github.com/haldane-dev/haldane/sources/web"
)

// words finds what an API says in an error: the texts of error, message, detail, title
// or errors, as RFC 9457 and most others have them.
func words(a web.Answer, _ *web.Rule) string {
	var body any
	if json.Unmarshal(a.Body, &body) != nil {
		return ""
	}
	return strings.Join(said(body, 3), ": ")
}

// said collects the texts of an error, depth levels down.
func said(v any, depth int) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		if len(v) > 0 && depth > 0 {
			return said(v[0], depth-1)
		}
	case map[string]any:
		var all []string
		for _, name := range []string{"title", "error", "errors", "message", "detail", "error_description"} {
			if depth > 0 {
				all = append(all, said(v[name], depth-1)...)
			}
		}
		return all
	}
	return nil
}
