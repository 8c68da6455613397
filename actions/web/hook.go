package web

import (
	"net/url"
	"strings"

	"github.com/haldane-dev/haldane/config"
)

// Hook checks a webhook's URL: whoever knows it may post, so all of it but its host is
// a secret.
func (n *Names) Hook(field string, hook config.Secret, hint string) {
	u, err := url.Parse(hook.Reveal())
	switch {
	case hook.Empty():
		n.Add(field, "missing", hint)
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		n.Add(field, "not a URL", hint)
	case u.User != nil || u.Fragment != "":
		n.Add(field, "has a user name or a fragment", hint)
	}
}

// HookSecrets are the parts of a webhook's URL that must not be seen, also when they
// stand alone: the whole, its path, what is behind the host, each long segment and
// each value.
func HookSecrets(hook config.Secret) []string {
	raw := hook.Reveal()
	out := []string{raw}
	u, err := url.Parse(raw)
	if err != nil {
		return out
	}
	if len(u.Path) > 1 || u.RawQuery != "" {
		out = append(out, u.RequestURI(), u.EscapedPath(), u.Path)
	}
	for part := range strings.SplitSeq(u.EscapedPath(), "/") {
		if plain, err := url.PathUnescape(part); err == nil && len(plain) >= 8 {
			out = append(out, part, plain)
		}
	}
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		_, value, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(value); err == nil && len(plain) >= 8 {
			out = append(out, value, plain)
		}
	}
	return out
}
