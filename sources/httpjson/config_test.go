package httpjson

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/web"
)

func TestCheck(t *testing.T) {
	secret := config.NewSecret
	for name, c := range map[string]struct {
		change func(*Config)
		want   []string // fields
	}{
		"nothing but a url": {func(*Config) {}, nil},
		"all of it": {func(c *Config) {
			c.Params, c.SecretParams = map[string]string{"a": "${start}-${end_rfc3339}"}, map[string]config.Secret{"key": secret("sesame")}
			c.Body, c.Value, c.Error, c.Warning, c.CheckQuery = `{"a": ${step}}`, "body.a", "body?.e", "body?.w", "/x | body.ok"
		}, nil},
		"no url":              {func(c *Config) { c.URL = secret("") }, []string{"url"}},
		"no scheme":           {func(c *Config) { c.URL = secret("api.example.com") }, []string{"url"}},
		"password in url":     {func(c *Config) { c.URL = secret("http://me:sesame@api") }, []string{"url"}},
		"parameters in url":   {func(c *Config) { c.URL = secret("http://api/?key=sesame") }, []string{"url"}},
		"no such placeholder": {func(c *Config) { c.Params = map[string]string{"b": "${y}", "a": "${x}"} }, []string{"params.a", "params.b"}},
		"a parameter twice": {func(c *Config) {
			c.Params, c.SecretParams = map[string]string{"a": "1"}, map[string]config.Secret{"a": secret("sesame")}
		}, []string{"secret_params.a"}},
		"GET with a body":      {func(c *Config) { c.Method, c.Body = "GET", "{}" }, []string{"method"}},
		"a body of words":      {func(c *Config) { c.Body = "sesame" }, []string{"body"}},
		"expressions":          {func(c *Config) { c.Value, c.Error, c.Warning = "body.", "(", "x" }, []string{"value", "error", "warning"}},
		"a check of words":     {func(c *Config) { c.CheckQuery = "ping" }, []string{"check"}},
		"a check that is none": {func(c *Config) { c.CheckQuery = "/ping | body." }, []string{"check"}},
		"a check elsewhere":    {func(c *Config) { c.CheckQuery = "/../ping | body" }, []string{"check"}},
		"no room":              {func(c *Config) { c.MaxResponse = 0 }, []string{"max_response"}},
		"two ways to log in": {func(c *Config) {
			c.BearerToken, c.BasicAuth = secret("sesame"), web.BasicAuth{Username: "me", Password: secret("sesame")}
		}, []string{"bearer_token"}},
	} {
		s := settings()
		c.change(s)
		var got []string
		for _, p := range s.Check() {
			got = append(got, p.Field)
			if p.Message == "" || strings.HasPrefix(p.Hint, "try") || strings.Contains(fmt.Sprint(p), "sesame") {
				t.Errorf("%s: problem %+v: want words without the secret", name, p)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: problems in %v, want %v", name, got, c.want)
		}
		source, err := s.Open(env())
		if (err == nil) != (c.want == nil) || (source == nil) != (c.want != nil) {
			t.Errorf("%s: opened as %v, error %v", name, source, err)
		}
		if err != nil && (analysis.KindOf(err) != analysis.Invalid || !strings.HasPrefix(err.Error(), "source api: "+c.want[0])) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// TestEveryKeyIsDocumented keeps the reference of the settings complete.
func TestEveryKeyIsDocumented(t *testing.T) {
	for f := range reflect.TypeFor[Config]().Fields() {
		if f.Tag.Get("yaml") == "" || f.Tag.Get("doc") == "" && !f.Anonymous {
			t.Errorf("%s: want yaml and doc tags", f.Name)
		}
	}
}
