package prometheus

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	common "github.com/prometheus/common/config"

	"github.com/haldane-dev/haldane/config"
)

// Check implements config.SourceSettings. Its words never quote a value that may
// hold a secret.
func (c *Config) Check() []config.Problem {
	var p problems
	p.address("url", c.URL)
	if apiPath.MatchString(c.URL) {
		p.add("url", "holds the path of the API", "the address without /api/v1")
	}
	if c.MaxResponse < 1<<10 {
		p.add("max_response", c.MaxResponse.String()+": no answer is that small", "16MiB")
	}
	p.credentials(c)
	p.headers(c.Headers)
	p.tls("tls", c.TLS)
	p.oauth2(c.OAuth2)
	if !c.ProxyURL.Empty() {
		u, err := url.Parse(c.ProxyURL.Reveal())
		if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
			p.add("proxy_url", "not an address of a proxy", "http://host:port or socks5://host:port")
		}
	}
	return p
}

var (
	apiPath    = regexp.MustCompile(`/api/v1(/query|/query_range)?/?$`)
	headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
)

type problems []config.Problem

func (p *problems) add(field, message, hint string) {
	*p = append(*p, config.Problem{Field: field, Message: message, Hint: hint})
}

// address wants an http(s) URL to which a path can be appended.
func (p *problems) address(field, text string) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		p.add(field, "missing", "http://host:port")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		p.add(field, "not an address", "http://host:port or https://host:port")
	case u.User != nil:
		p.add(field, "holds a user name or a password", "basic_auth for them")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		p.add(field, "holds parameters", "the address up to the ? or #")
	}
}

// credentials wants one way to log in at most.
func (p *problems) credentials(c *Config) {
	var ways []string
	if c.BasicAuth.set() {
		ways = append(ways, "basic_auth")
		if c.BasicAuth.Username == "" {
			p.add("basic_auth.username", "missing", "")
		}
		if c.BasicAuth.Password.Empty() {
			p.add("basic_auth.password", "missing", "")
		}
	}
	if !c.BearerToken.Empty() {
		ways = append(ways, "bearer_token")
		p.headerValue("bearer_token", c.BearerToken)
	}
	if c.OAuth2.set() {
		ways = append(ways, "oauth2")
	}
	for name := range c.Headers {
		if http.CanonicalHeaderKey(name) == "Authorization" {
			ways = append(ways, "headers."+name)
		}
	}
	if len(ways) > 1 {
		p.add(ways[1], "there is also "+ways[0], "one of them only")
	}
}

// headers refuses those that would change the request itself.
func (p *problems) headers(h map[string]config.Secret) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		field := "headers." + name
		canonical := http.CanonicalHeaderKey(name)
		_, reserved := common.ReservedHeaders[canonical]
		switch {
		case !headerName.MatchString(name):
			p.add(field, "not a name of a header", "letters, digits and -")
		case reserved && canonical != "Authorization":
			p.add(field, "cannot be set", "")
		}
		p.headerValue(field, h[name])
	}
}

// headerValue wants what can stand in a header: one line, without control
// characters. A file that holds more than the token is the usual cause.
func (p *problems) headerValue(field string, s config.Secret) {
	control := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
	if strings.ContainsFunc(s.Reveal(), control) {
		p.add(field, "holds a line break or a control character", "the text alone, on one line")
	}
}

func (p *problems) tls(field string, t TLS) {
	if t.Cert != "" && t.Key == "" {
		p.add(field+".key", "missing beside "+field+".cert", "")
	}
	if t.Key != "" && t.Cert == "" {
		p.add(field+".cert", "missing beside "+field+".key", "")
	}
}

func (p *problems) oauth2(o OAuth2) {
	if !o.set() {
		return
	}
	switch u, err := url.Parse(o.TokenURL); {
	case o.TokenURL == "":
		p.add("oauth2.token_url", "missing", "")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		p.add("oauth2.token_url", "not an address", "https://host/path")
	case u.User != nil:
		p.add("oauth2.token_url", "holds a user name or a password", "client_id and client_secret for them")
	}
	if o.ClientID == "" {
		p.add("oauth2.client_id", "missing", "")
	}
	if o.ClientSecret.Empty() {
		p.add("oauth2.client_secret", "missing", "")
	}
	p.tls("oauth2.tls", o.TLS)
	for _, reserved := range []string{"scope", "client_id", "client_secret"} {
		if _, ok := o.EndpointParams[reserved]; ok {
			p.add("oauth2.endpoint_params."+reserved, "has a setting of its own", "")
		}
	}
}
