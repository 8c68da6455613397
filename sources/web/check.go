package web

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	common "github.com/prometheus/common/config"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Problems collects what is wrong in the settings of a source. Its words never quote a
// value that may hold a secret.
type Problems []config.Problem

// Add notes a problem of a field; the hint may be empty.
func (p *Problems) Add(field, message, hint string) {
	*p = append(*p, config.Problem{Field: field, Message: message, Hint: hint})
}

// Note notes what an error says about a field, if it is one.
func (p *Problems) Note(field string, err *analysis.Error) {
	if err != nil {
		p.Add(field, err.Message, strings.TrimPrefix(err.Hint, "try: "))
	}
}

// Address wants an http(s) URL to which a path can be appended. login names the
// settings in which a user name and a password belong, for the hint.
func (p *Problems) Address(field, text, login string) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		p.Add(field, "missing", "http://host:port")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		p.Add(field, "not an address", "http://host:port or https://host:port")
	case u.User != nil:
		p.Add(field, "holds a user name or a password", login+" for them")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		p.Add(field, "holds parameters", "the address up to the ? or #")
	}
}

// Login wants one way to log in at most, and headers that can be sent.
func (p *Problems) Login(l Login) {
	p.credentials(l)
	p.headers(l.Headers)
	p.oauth2(l.OAuth2)
}

// Reach wants settings with which a server can be reached.
func (p *Problems) Reach(r Reach) {
	if r.MaxResponse < 1<<10 {
		p.Add("max_response", r.MaxResponse.String()+": no answer is that small", "16MiB")
	}
	p.tls("tls", r.TLS)
	if !r.ProxyURL.Empty() {
		u, err := url.Parse(r.ProxyURL.Reveal())
		if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
			p.Add("proxy_url", "not an address of a proxy", "http://host:port or socks5://host:port")
		}
	}
}

// Usable returns the first problem of settings as an error. The loader has said it
// before, with all others; this is for those who open settings without it.
func Usable(env config.Env, c config.SourceSettings) error {
	p := Problems(c.Check())
	if common := c.Common(); common.MaxConcurrent < 1 || common.Timeout <= 0 { // nothing would ever be answered
		p.Add("max_concurrent and timeout", "must be more than 0", "")
	}
	if len(p) == 0 {
		return nil
	}
	err := analysis.Errorf(analysis.Invalid, "source %s: %s: %s", env.Name, p[0].Field, p[0].Message)
	if p[0].Hint != "" {
		err = err.WithHint("%s", p[0].Hint)
	}
	return err
}

// Open opens settings that are usable, with the vendor's own function.
func Open[C config.SourceSettings, S analysis.Source](env config.Env, c C, open func(C, Server) (S, error)) (analysis.Source, error) {
	if err := Usable(env, c); err != nil {
		return nil, err
	}
	s, err := open(c, Server{Env: env})
	if err != nil {
		return nil, err // not s: a nil pointer would look like a source
	}
	return s, nil
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func (p *Problems) credentials(l Login) {
	var ways []string
	if l.BasicAuth.set() {
		ways = append(ways, "basic_auth")
		if l.BasicAuth.Username == "" {
			p.Add("basic_auth.username", "missing", "")
		}
		if l.BasicAuth.Password.Empty() {
			p.Add("basic_auth.password", "missing", "")
		}
	}
	if !l.BearerToken.Empty() {
		ways = append(ways, "bearer_token")
		p.HeaderValue("bearer_token", l.BearerToken)
	}
	if l.OAuth2.set() {
		ways = append(ways, "oauth2")
	}
	for name := range l.Headers {
		if http.CanonicalHeaderKey(name) == "Authorization" {
			ways = append(ways, "headers."+name)
		}
	}
	if len(ways) > 1 {
		p.Add(ways[1], "there is also "+ways[0], "one of them only")
	}
}

// headers refuses those that would change the request itself.
func (p *Problems) headers(h map[string]config.Secret) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		field := "headers." + name
		canonical := http.CanonicalHeaderKey(name)
		_, reserved := common.ReservedHeaders[canonical]
		switch {
		case !headerName.MatchString(name):
			p.Add(field, "not a name of a header", "letters, digits and -")
		case reserved && canonical != "Authorization":
			p.Add(field, "cannot be set", "")
		}
		p.HeaderValue(field, h[name])
	}
}

// HeaderValue wants what can stand in a header: one line, without control
// characters. A file that holds more than the token is the usual cause.
func (p *Problems) HeaderValue(field string, s config.Secret) {
	control := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
	if strings.ContainsFunc(s.Reveal(), control) {
		p.Add(field, "holds a line break or a control character", "the text alone, on one line")
	}
}

func (p *Problems) tls(field string, t TLS) {
	if t.Cert != "" && t.Key == "" {
		p.Add(field+".key", "missing beside "+field+".cert", "")
	}
	if t.Key != "" && t.Cert == "" {
		p.Add(field+".cert", "missing beside "+field+".key", "")
	}
}

func (p *Problems) oauth2(o OAuth2) {
	if !o.set() {
		return
	}
	switch u, err := url.Parse(o.TokenURL); {
	case o.TokenURL == "":
		p.Add("oauth2.token_url", "missing", "")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		p.Add("oauth2.token_url", "not an address", "https://host/path")
	case u.User != nil:
		p.Add("oauth2.token_url", "holds a user name or a password", "client_id and client_secret for them")
	}
	if o.ClientID == "" {
		p.Add("oauth2.client_id", "missing", "")
	}
	if o.ClientSecret.Empty() {
		p.Add("oauth2.client_secret", "missing", "")
	}
	p.tls("oauth2.tls", o.TLS)
	for _, reserved := range []string{"scope", "client_id", "client_secret"} {
		if _, ok := o.EndpointParams[reserved]; ok {
			p.Add("oauth2.endpoint_params."+reserved, "has a setting of its own", "")
		}
	}
}
