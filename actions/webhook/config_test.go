package webhook_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/actions/webhook"
	"github.com/haldane-dev/haldane/config"
)

// TestCheck: each mistake is found, said at its field, and tells no secret.
func TestCheck(t *testing.T) {
	const planted = "planted-Secret"
	long := config.NewSecret("whsec_" + strings.Repeat("AAAA", 30))
	secret := func(s string) config.Secret { return config.NewSecret(s) }
	for _, c := range []struct {
		name, field, says string
		change            func(*webhook.Settings)
	}{
		{"no URL", "url", "missing", func(s *webhook.Settings) { s.URL = config.Secret{} }},
		{"no scheme", "url", "http://", func(s *webhook.Settings) { s.URL = secret("deploy.example.com/" + planted) }},
		{"another scheme", "url", "http://", func(s *webhook.Settings) { s.URL = secret("ftp://h/" + planted) }},
		{"no host", "url", "not a URL", func(s *webhook.Settings) { s.URL = secret("https:///" + planted) }},
		{"template in the host", "url", "scheme or host", func(s *webhook.Settings) { s.URL = secret("https://{{.Run.Service}}/" + planted) }},
		{"template in the port", "url", "scheme or host", func(s *webhook.Settings) { s.URL = secret("https://h:{{.Run.Service}}/" + planted) }},
		{"a character of no URL before a value", "url", "percent-encoded", func(s *webhook.Settings) { s.URL = secret("https://h/é/{{.Run.Version}}/" + planted) }},
		{"half an escape before a value", "url", "encodes nothing", func(s *webhook.Settings) { s.URL = secret("https://h/%2{{.Run.Version}}/" + planted) }},
		{"template after the host", "url", "scheme or host", func(s *webhook.Settings) { s.URL = secret("https://h{{.Run.Service}}/" + planted) }},
		{"template as scheme", "url", "scheme or host", func(s *webhook.Settings) { s.URL = secret("{{.Run.Service}}://h/" + planted) }},
		{"user in the URL", "url", "password", func(s *webhook.Settings) { s.URL = secret("https://u:" + planted + "@h/") }},
		{"fragment", "url", "fragment", func(s *webhook.Settings) { s.URL = secret("https://h/" + planted + "#x") }},
		{"way up", "url", `".."`, func(s *webhook.Settings) { s.URL = secret("https://h/a/../" + planted) }},
		{"hidden way up", "url", `".."`, func(s *webhook.Settings) { s.URL = secret("https://h/a/%2e%2E/" + planted) }},
		{"space", "url", "space", func(s *webhook.Settings) { s.URL = secret("https://h/a b" + planted) }},
		{"line break", "url", "line break", func(s *webhook.Settings) { s.URL = secret("https://h/" + planted + "\n") }},
		{"bad escape", "url", "not a URL", func(s *webhook.Settings) { s.URL = secret("https://h/%zz" + planted) }},
		{"open action", "url", "not closed", func(s *webhook.Settings) { s.URL = secret("https://h/" + planted + "{{.Run.Version") }},
		{"unknown function", "url", "function", func(s *webhook.Settings) { s.URL = secret("https://h/{{planted_Secret}}" + planted) }},
		{"unknown field", "url", "field", func(s *webhook.Settings) { s.URL = secret("https://h/{{.Run.Vresion}}" + planted) }},
		{"query in one way", "url", "different parts", func(s *webhook.Settings) {
			s.URL = secret("https://h/" + planted + "{{if .Hold}}?x={{end}}{{.Reason}}")
		}},
		{"method", "method", "POST", func(s *webhook.Settings) { s.Method = "GET" }},
		{"no prefix", "secret", "whsec_", func(s *webhook.Settings) { s.Secret = webhook.SigningSecrets{secret(planted)} }},
		{"not base64", "secret", "base64", func(s *webhook.Settings) { s.Secret = webhook.SigningSecrets{secret("whsec_" + planted + "!")} }},
		{"short", "secret[1]", "12 bytes", func(s *webhook.Settings) {
			s.Secret = webhook.SigningSecrets{secret(signingSecret), secret("whsec_AAAAAAAAAAAAAAAA")}
		}},
		{"long", "secret", "90 bytes", func(s *webhook.Settings) { s.Secret = webhook.SigningSecrets{long} }},
		{"header name", "headers.X Y", "name", func(s *webhook.Settings) { s.Headers = map[string]config.Secret{"X Y": secret(planted)} }},
		{"our header", "headers.webhook-id", "set by Haldane", func(s *webhook.Settings) {
			s.Headers = map[string]config.Secret{"webhook-id": secret(planted)}
		}},
		{"host header", "headers.Host", "set by Haldane", func(s *webhook.Settings) { s.Headers = map[string]config.Secret{"Host": secret(planted)} }},
		{"header twice", "headers.x-a", "twice", func(s *webhook.Settings) {
			s.Headers = map[string]config.Secret{"X-A": secret(planted), "x-a": secret(planted)}
		}},
		{"header with a break", "headers.X", "line break", func(s *webhook.Settings) { s.Headers = map[string]config.Secret{"X": secret("a\n" + planted)} }},
		{"header template", "headers.X", "field", func(s *webhook.Settings) { s.Headers = map[string]config.Secret{"X": secret(planted + "{{.Nope}}")} }},
		{"bearer with a break", "bearer_token", "line break", func(s *webhook.Settings) { s.BearerToken = secret("a\r\n" + planted) }},
		{"two ways to sign in", "bearer_token", "only one", func(s *webhook.Settings) {
			s.BearerToken, s.Headers = secret(planted), map[string]config.Secret{"authorization": secret(planted)}
		}},
		{"basic without a user", "basic_auth.username", "empty", func(s *webhook.Settings) { s.BasicAuth = &webhook.BasicAuth{Password: secret(planted)} }},
		{"body not JSON", "body", "not JSON", func(s *webhook.Settings) { s.Body = `{"to": "{{.Rollback.To}}",}` }},
		{"body field", "body", ".Rollback.Too", func(s *webhook.Settings) { s.Body = `{"to": "{{.Rollback.Too}}"}` }},
		{"body quote in one way", "body", "different parts", func(s *webhook.Settings) { s.Body = `{"a": {{if .Hold}}"{{else}}{{end}}{{.Reason}}"}` }},
		{"body without end", "body", "{{end}}", func(s *webhook.Settings) { s.Body = `{{if .Hold}}{}` }},
		{"template in a template", "body", "not supported", func(s *webhook.Settings) { s.Body = `{{define "x"}}1{{end}}{{template "x"}}` }},
		{"content type alone", "content_type", "body", func(s *webhook.Settings) { s.ContentType = "text/plain" }},
		{"content type with a break", "content_type", "content type", func(s *webhook.Settings) { s.ContentType, s.Body = "a/b\r\nX: y", "x" }},
		{"no CA", "tls.ca", "cannot be read", func(s *webhook.Settings) { s.TLS.CA = "/nowhere/ca.pem" }},
		{"cert without key", "tls.key", "missing", func(s *webhook.Settings) { s.TLS.Cert = "/nowhere/cert.pem" }},
		{"key without cert", "tls.cert", "missing", func(s *webhook.Settings) { s.TLS.Key = "/nowhere/key.pem" }},
		{"cert not there", "tls.cert", "cannot be read", func(s *webhook.Settings) { s.TLS.Cert, s.TLS.Key = "/nowhere/c", "/nowhere/k" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := settings("https://deploy.example.com/rollback", c.change)
			got := s.Check()
			if len(got) != 1 || got[0].Field != c.field || !strings.Contains(got[0].Message+got[0].Hint, c.says) {
				t.Errorf("problems %+v, want one at %s that says %q", got, c.field, c.says)
			}
			_, err := s.Open(config.Env{Name: "undo"})
			if err == nil {
				t.Error("it can be opened all the same")
			}
			if out := fmt.Sprintf("%+v %v %+v", got, err, s); strings.Contains(out, planted) || strings.Contains(out, "planted_Secret") {
				t.Errorf("a secret got out: %s", out)
			}
		})
	}
}

// TestNoCertificateInCA: a file that is there and holds something else.
func TestNoCertificateInCA(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := settings("https://h/", func(s *webhook.Settings) { s.TLS.CA = file }).Check()
	if len(got) != 1 || got[0].Field != "tls.ca" {
		t.Errorf("problems %+v, want one at tls.ca", got)
	}
}

// TestYAML: a secret may be one text or a list, and the defaults stay.
func TestYAML(t *testing.T) {
	for text, want := range map[string]int{
		"{url: 'https://h/', secret: whsec_a}":              1,
		"{url: 'https://h/', secret: [whsec_a, 'whsec_b']}": 2,
		"{url: 'https://h/'}":                               0,
	} {
		s := webhook.New().(*webhook.Settings)
		if err := yaml.Unmarshal([]byte(text), s); err != nil {
			t.Fatal(err)
		}
		if len(s.Secret) != want || s.Method != "POST" || s.Timeout.String() != "10s" || !s.ChangeWorld {
			t.Errorf("%s: %d secrets, method %s, timeout %s, changes the world %v", text, len(s.Secret), s.Method, s.Timeout, s.ChangeWorld)
		}
	}
	if err := yaml.Unmarshal([]byte("secret: {a: b}"), webhook.New()); err == nil {
		t.Error("a map is taken for a secret")
	}
}
