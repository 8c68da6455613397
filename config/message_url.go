package config

import (
	"net/url"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// URLTemplate is a URL with templates in its path and query.
type URLTemplate struct {
	*MessageTemplate
	Origin string // scheme and host, which are never templates; may be shown
	Host   string // with its port when it has one
}

// ParseURLTemplate parses a URL. Its scheme and host are literal; a value in the
// path is one segment or a part of one, a value in the query is one key or value.
// Errors quote nothing of it: a URL may be a secret.
func ParseURLTemplate(text string) (*URLTemplate, error) {
	if hasControl(text) || strings.Contains(text, " ") && !strings.Contains(text, "{{") {
		return nil, analysis.Errorf(analysis.Invalid, "holds a space, a line break or another control character")
	}
	t, err := parseTemplate(text, urlScheme, true)
	if err != nil {
		return nil, err
	}
	if len(t.literals) == 0 {
		return nil, analysis.Errorf(analysis.Invalid, "empty")
	}
	scheme, rest, _ := strings.Cut(t.literals[0], "://")
	host := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = rest[:i]
	}
	u := &URLTemplate{MessageTemplate: t, Origin: scheme + "://" + host, Host: host}
	if strings.Contains(host, "@") {
		return nil, analysis.Errorf(analysis.Invalid, "a user name or password stands in it").WithHint("basic_auth or bearer_token")
	}
	t.check = soundURL
	return u, t.try()
}

// soundURL checks a URL that was filled in: it must be one, and lead nowhere up the
// path.
func soundURL(s string) error {
	parsed, err := url.Parse(s)
	if err != nil || parsed.Hostname() == "" {
		return analysis.Errorf(analysis.Invalid, "not a URL").Because(err).WithHint("https://host/path")
	}
	if parsed.EscapedPath() != pathOf(s) { // it would be sent in other words, in which a / of a value is not escaped
		return analysis.Errorf(analysis.Invalid, "its path holds a character that must be percent-encoded").WithHint("%%C3%%BC instead of ü")
	}
	for segment := range strings.SplitSeq(parsed.EscapedPath(), "/") {
		if plain, err := url.PathUnescape(segment); err != nil || plain == "." || plain == ".." {
			return analysis.Errorf(analysis.Invalid, `its path has a segment "." or ".."`)
		}
	}
	return nil
}

// pathOf is the path of a URL, as it is written.
func pathOf(s string) string {
	_, rest, _ := strings.Cut(s, "://")
	rest, _, _ = strings.Cut(rest, "?")
	if i := strings.Index(rest, "/"); i >= 0 {
		return rest[i:]
	}
	return ""
}

// urlPlace is a part of a URL.
type urlPlace string

const (
	urlScheme urlPlace = "scheme"
	urlHost   urlPlace = "host"
	urlPath   urlPlace = "path"
	urlQuery  urlPlace = "query"
)

func (p urlPlace) after(text string) (place, error) {
	if p == urlScheme {
		rest, ok := strings.CutPrefix(text, "https://")
		if !ok {
			rest, ok = strings.CutPrefix(text, "http://")
		}
		if !ok {
			return nil, analysis.Errorf(analysis.Invalid, "does not begin with http:// or https://")
		}
		p, text = urlHost, rest
	}
	if strings.Contains(text, " ") {
		return nil, analysis.Errorf(analysis.Invalid, "holds a space")
	}
	if i := strings.LastIndexByte(text, '%'); i >= 0 && i >= len(text)-2 { // a value would go on with it
		return nil, analysis.Errorf(analysis.Invalid, "holds a percent sign that encodes nothing").WithHint("%%25")
	}
	for _, c := range []byte(text) {
		switch {
		case c == '#':
			return nil, analysis.Errorf(analysis.Invalid, "has a fragment (#), which is never sent")
		case c == '?':
			p = urlQuery
		case c == '/' && p == urlHost:
			p = urlPath
		}
	}
	return p, nil
}

func (p urlPlace) escaper() (string, error) {
	switch p {
	case urlPath:
		return "_path", nil
	case urlQuery:
		return "_query", nil
	}
	return "", analysis.Errorf(analysis.Invalid, "a template stands in its scheme or host").
		WithHint("templates in the path and query only, after https://host/")
}
