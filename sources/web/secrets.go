package web

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// secrets are the forms in which a server, or a proxy on the way, might repeat our
// credentials in its words.
type secrets []string

// newSecrets lists the forms of all secrets of the settings, longest first, so
// that none hides a part of another. What is shorter than four characters would
// blank out ordinary words and is left.
func newSecrets(s Server) secrets {
	var out secrets
	add := func(texts ...string) {
		for _, s := range texts {
			inJSON, _ := json.Marshal(s)
			quoted := strconv.Quote(s)
			for _, form := range []string{
				s, squeeze(s), string(inJSON[1 : len(inJSON)-1]), quoted[1 : len(quoted)-1],
				url.QueryEscape(s), url.PathEscape(s), base64.StdEncoding.EncodeToString([]byte(s)),
			} {
				if len(form) >= 4 && !slices.Contains(out, form) {
					out = append(out, form)
				}
			}
		}
	}
	l, proxy := s.Login, s.Reach.ProxyURL.Reveal()
	password, client := l.BasicAuth.Password.Reveal(), l.OAuth2.ClientSecret.Reveal()
	add(password, client, l.BearerToken.Reveal(), proxy)
	if password != "" {
		add(l.BasicAuth.Username + ":" + password)
	}
	if client != "" {
		add(url.QueryEscape(l.OAuth2.ClientID) + ":" + url.QueryEscape(client))
	}
	for _, value := range l.Headers {
		add(value.Reveal())
	}
	for _, own := range s.Vendor.Secrets {
		add(own.Reveal())
	}
	if u, err := url.Parse(proxy); err == nil && u.User != nil {
		word, _ := u.User.Password()
		add(word, u.User.String())
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return out
}

// clean makes foreign words safe to show: without secrets, on one line, not longer
// than limit bytes.
func (s secrets) clean(words string, limit int) string {
	words = squeeze(strings.ToValidUTF8(s.blank(words), "?"))
	return cut(s.blank(words), limit)
}

func (s secrets) blank(words string) string {
	for _, secret := range s {
		words = strings.ReplaceAll(words, secret, "<secret>")
	}
	return words
}

// squeeze turns every run of white space and control characters into one space.
func squeeze(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// cut shortens a text to limit bytes, at a whole character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := limit
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "..."
}
