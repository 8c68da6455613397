package web

import (
	"cmp"
	"net/http"
	"net/url"
	"os"

	common "github.com/prometheus/common/config"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// way makes the way to a server: TLS, proxy, credentials and headers are the work of
// Prometheus's own HTTP client, whatever the vendor.
//
// OAuth2 is the exception: that client fetches tokens outside of the request's
// context, so that a token server that hangs would hold a look for ever.
func way(who string, s Server) (http.RoundTripper, error) {
	settings := common.HTTPClientConfig{EnableHTTP2: true, ProxyConfig: proxy(s.Reach)}
	if l := s.Login; l.BasicAuth.set() {
		settings.BasicAuth = &common.BasicAuth{
			Username: l.BasicAuth.Username, Password: common.Secret(l.BasicAuth.Password.Reveal()),
		}
	}
	if !s.Login.BearerToken.Empty() {
		settings.Authorization = &common.Authorization{
			Type: "Bearer", Credentials: common.Secret(s.Login.BearerToken.Reveal()),
		}
	}
	if len(s.Login.Headers) > 0 {
		headers := make(map[string]common.Header, len(s.Login.Headers))
		for name, value := range s.Login.Headers {
			headers[name] = common.Header{Secrets: []common.Secret{common.Secret(value.Reveal())}}
		}
		settings.HTTPHeaders = &common.Headers{Headers: headers}
	}
	rt, err := roundTripper(who, "tls", settings, s.Reach.TLS, s.Env)
	if err != nil || !s.Login.OAuth2.set() {
		return rt, err
	}
	tokens, err := roundTripper(who, "oauth2.tls",
		common.HTTPClientConfig{EnableHTTP2: true, ProxyConfig: proxy(s.Reach)}, s.Login.OAuth2.TLS, s.Env)
	if err != nil {
		return nil, err
	}
	return newTokens(who, s.Login.OAuth2, tokens, rt), nil
}

func proxy(r Reach) common.ProxyConfig {
	if r.ProxyURL.Empty() {
		return common.ProxyConfig{ProxyFromEnvironment: true}
	}
	u, _ := url.Parse(r.ProxyURL.Reveal()) // Problems.Reach has parsed it
	return common.ProxyConfig{ProxyURL: common.URL{URL: u}}
}

// roundTripper adds the TLS settings of a field and builds.
func roundTripper(who, field string, settings common.HTTPClientConfig, t TLS, env config.Env) (http.RoundTripper, error) {
	for _, f := range []struct{ key, path string }{{"ca", t.CA}, {"cert", t.Cert}, {"key", t.Key}} {
		if f.path == "" {
			continue
		}
		if _, err := os.ReadFile(f.path); err != nil {
			return nil, analysis.Errorf(analysis.Invalid, "%s: %s.%s: file %s cannot be read", who, field, f.key, f.path).Because(err)
		}
	}
	settings.TLSConfig = common.TLSConfig{
		CAFile: t.CA, CertFile: t.Cert, KeyFile: t.Key,
		ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify,
	}
	agent := "haldane/" + cmp.Or(env.Version, "unknown")
	rt, err := common.NewRoundTripperFromConfig(settings, env.Name, common.WithUserAgent(agent))
	if err != nil {
		return nil, analysis.Errorf(analysis.Invalid, "%s: %s: its files cannot be used", who, field).
			WithHint("certificates and a key in PEM form, the key being that of cert").Because(err)
	}
	return rt, nil
}

// stay keeps an HTTP client from following redirects: credentials are for one
// server only.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
