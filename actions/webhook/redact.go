package webhook

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/haldane-dev/haldane/config"
)

// redactor takes out of an answer what it may repeat of this request.
func (a *Action) redactor(req *http.Request) config.Redactor {
	secrets := []string{a.settings.URL.Reveal(), req.URL.String(), a.settings.BearerToken.Reveal()}
	if len(req.URL.Path) > 1 || req.URL.RawQuery != "" {
		secrets = append(secrets, req.URL.RequestURI(), req.URL.EscapedPath())
	}
	for _, s := range a.settings.Secret {
		secrets = append(secrets, s.Reveal(), strings.TrimPrefix(s.Reveal(), "whsec_"))
	}
	if b := a.settings.BasicAuth; b != nil {
		secrets = append(secrets, b.Password.Reveal(), b.Username+":"+b.Password.Reveal())
	}
	for name, t := range a.parts.headers {
		secrets = append(append(secrets, req.Header.Get(name)), t.Literals()...)
	}
	secrets = append(secrets, urlSecrets(a.parts.url)...)
	if p := a.parts.poll; p != nil && p.url != nil {
		secrets = append(append(secrets, a.settings.Poll.URL.Reveal()), urlSecrets(p.url)...)
	}
	return config.NewRedactor(secrets...)
}

// urlSecrets are the parts of a URL that may be a token when they stand alone:
// values in its query, and segments of its path that are no plain words.
func urlSecrets(u *config.URLTemplate) []string {
	var out []string
	for i, literal := range u.Literals() {
		if i == 0 {
			literal = strings.TrimPrefix(literal, u.Origin)
		}
		path, query, _ := strings.Cut(literal, "?")
		for part := range strings.FieldsFuncSeq(path, func(r rune) bool { return strings.ContainsRune("/?&=", r) }) {
			if plain, err := url.PathUnescape(part); err == nil && !plainWord(plain) {
				out = append(out, part, plain)
			}
		}
		for part := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' }) {
			_, value, _ := strings.Cut(part, "=")
			if plain, err := url.QueryUnescape(value); err == nil {
				out = append(out, value, plain)
			}
		}
	}
	return out
}

// plainWord reports whether a segment is a word that replies may well use.
func plainWord(s string) bool {
	if len(s) >= 24 {
		return false
	}
	return len(s) < 8 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-_") == ""
}
