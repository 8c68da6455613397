package webhook

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/config"
)

// ours are the headers that Haldane or the connection sets, and what to use
// instead.
var ours = map[string]string{
	"Host":              "the host in url",
	"Content-Length":    "",
	"Content-Type":      "content_type",
	"Transfer-Encoding": "",
	"Connection":        "",
	"Webhook-Id":        "",
	"Webhook-Timestamp": "",
	"Webhook-Signature": "secret",
	"Idempotency-Key":   "",
}

// checkHeaders parses the further headers.
func (s *Settings) checkHeaders(p *parts, found *web.Names) {
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		field, key := "headers."+name, http.CanonicalHeaderKey(name)
		instead, taken := ours[key]
		switch {
		case !web.HeaderName(name):
			found.Add(field, "not a name of a header", "X-Api-Key")
			continue
		case taken:
			found.Add(field, "set by Haldane itself", instead)
			continue
		case seen[key]:
			found.Add(field, "given twice, in another spelling", "")
			continue
		}
		seen[key] = true
		t, err := config.ParseHeaderTemplate(s.Headers[name].Reveal())
		found.Note(field, err)
		p.headers[key] = t
	}
}

// checkAuthorization lets only one of the ways to sign in be used.
func (s *Settings) checkAuthorization(found *web.Names) {
	ways := 0
	for name := range s.Headers {
		if http.CanonicalHeaderKey(name) == "Authorization" {
			ways++
		}
	}
	if !s.BearerToken.Empty() {
		ways++
		found.Token("bearer_token", s.BearerToken)
	}
	if b := s.BasicAuth; b != nil {
		ways++
		if b.Username == "" || strings.Contains(b.Username, ":") {
			found.Add("basic_auth.username", "empty, or holds a colon", "")
		}
	}
	if ways > 1 {
		found.Add("bearer_token", "only one of bearer_token, basic_auth and an Authorization header may be set", "")
	}
}

// secretField is the path of a signing secret: a list's items have numbers.
func secretField(i, n int) string {
	if n == 1 {
		return "secret"
	}
	return fmt.Sprintf("secret[%d]", i)
}
