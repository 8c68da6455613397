package datadog

import (
	"net/http"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

// TestCheck tells apart which key is wrong.
func TestCheck(t *testing.T) {
	forbidden := says403("Forbidden")
	tests := map[string]struct {
		replies map[string]func() *http.Response // by the end of the path; default: well
		kind    analysis.Kind
		words   []string
	}{
		"all is well": {nil, "", nil},
		"the API key": {
			map[string]func() *http.Response{"validate": forbidden},
			analysis.Denied,
			[]string{"api_key is wrong", "the site datadoghq.com", "site: datadoghq.eu"},
		},
		"the API key, by its own words": {
			map[string]func() *http.Response{"validate": ok(`{"valid":false}`)}, analysis.Denied, []string{"api_key is wrong"},
		},
		"the application key": {
			map[string]func() *http.Response{"validate_keys": forbidden}, analysis.Denied, []string{"app_key is wrong", "not an API key"},
		},
		"the application key, with 401": {
			map[string]func() *http.Response{"validate_keys": func() *http.Response { return says(401, `{"errors":["Unauthorized"]}`) }},
			analysis.Denied,
			[]string{"app_key is wrong"},
		},
		"its permission": {
			map[string]func() *http.Response{"query": says403("Failed permission authorization checks")},
			analysis.Denied,
			[]string{"app_key is known", "may not query", "timeseries_query"},
		},
		"a gateway that knows no validate_keys": {
			map[string]func() *http.Response{"validate_keys": func() *http.Response { return says(404, `{"errors":["Not found"]}`) }}, "", nil,
		},
		"something else answers": {
			map[string]func() *http.Response{"validate_keys": ok(`{}`)}, analysis.Unavailable, []string{"not Datadog's"},
		},
		"the limit is used up": {
			map[string]func() *http.Response{"query": func() *http.Response { return says(429, `{"errors":["too many"]}`) }}, analysis.Limited, []string{"slow down"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			eachAPI(t, func(t *testing.T, api string) {
				s := over(t, settings(api), func(r *http.Request) (*http.Response, error) {
					path := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
					if path == "timeseries" {
						path = "query"
					}
					if reply := tt.replies[path]; reply != nil {
						return reply(), nil
					}
					switch path {
					case "validate":
						return says(200, `{"valid":true}`), nil
					case "validate_keys":
						return says(200, `{"status":"ok"}`), nil
					}
					return says(200, body(api, 60e9)), nil
				})
				err := s.Check(t.Context())
				if analysis.KindOf(err) != tt.kind || err != nil && !containsAll(err.Error(), tt.words...) {
					t.Errorf("error %v, want %s with %q", err, tt.kind, tt.words)
				}
			})
		})
	}
}

func says403(words string) func() *http.Response {
	return func() *http.Response { return says(403, `{"errors":["`+words+`"]}`) }
}

func ok(body string) func() *http.Response { return func() *http.Response { return says(200, body) } }

// TestCheckUsesTheReserve: what runs may not use any more is kept for it.
func TestCheckUsesTheReserve(t *testing.T) {
	headers := []string{"X-RateLimit-Limit", "100", "X-RateLimit-Period", "3600", "X-RateLimit-Remaining", "4", "X-RateLimit-Reset", "1800"}
	s := over(t, settings(apiV2), func(r *http.Request) (*http.Response, error) {
		switch r.URL.Path {
		case "/api/v1/validate":
			return says(200, `{"valid":true}`), nil
		case "/api/v2/validate_keys":
			return says(200, `{"status":"ok"}`), nil
		}
		return says(200, body(apiV2, 0), headers...), nil
	})
	for range 2 {
		if err := s.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Fetch(t.Context(), minutes(3, "avg:a{*}")); analysis.KindOf(err) != analysis.Limited {
		t.Errorf("a run takes of the reserve: %v", err)
	}
}

// TestCheckOfAURL does not speak of a site that nobody set.
func TestCheckOfAURL(t *testing.T) {
	c := settings(apiV2)
	c.URL = "http://gateway:8080"
	err := over(t, c, always(403, `{"errors":["Forbidden"]}`)).Check(t.Context())
	if !containsAll(err.Error(), "api_key is wrong", "not at its url") || strings.Contains(err.Error(), "datadoghq.com") {
		t.Errorf("error %v", err)
	}
}
