package prometheus

import (
	"cmp"
	"net/http"
	"net/url"
	"os"

	common "github.com/prometheus/common/config"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Open implements config.SourceSettings. It reads the files of the TLS settings.
func (c *Config) Open(env config.Env) (analysis.Source, error) {
	who := "source " + env.Name
	p := problems(c.Check())
	if c.MaxConcurrent < 1 || c.Timeout <= 0 { // the loader has said so; nothing would ever be answered
		p.add("max_concurrent and timeout", "must be more than 0", "")
	}
	if len(p) > 0 {
		err := analysis.Errorf(analysis.Invalid, "%s: %s: %s", who, p[0].Field, p[0].Message)
		if p[0].Hint != "" {
			err = err.WithHint("%s", p[0].Hint)
		}
		return nil, err
	}
	rt, err := c.transport(who, env)
	if err != nil {
		return nil, err
	}
	return newSource(c, env, rt), nil
}

// transport makes the way to the server: TLS, proxy, credentials and headers are
// the work of Prometheus's own HTTP client.
//
// OAuth2 is the exception: that client fetches tokens outside of the request's
// context, so that a token server that hangs would hold a look for ever.
func (c *Config) transport(who string, env config.Env) (http.RoundTripper, error) {
	settings := common.HTTPClientConfig{EnableHTTP2: true, ProxyConfig: c.proxy()}
	if c.BasicAuth.set() {
		settings.BasicAuth = &common.BasicAuth{
			Username: c.BasicAuth.Username, Password: common.Secret(c.BasicAuth.Password.Reveal()),
		}
	}
	if !c.BearerToken.Empty() {
		settings.Authorization = &common.Authorization{
			Type: "Bearer", Credentials: common.Secret(c.BearerToken.Reveal()),
		}
	}
	if len(c.Headers) > 0 {
		headers := make(map[string]common.Header, len(c.Headers))
		for name, value := range c.Headers {
			headers[name] = common.Header{Secrets: []common.Secret{common.Secret(value.Reveal())}}
		}
		settings.HTTPHeaders = &common.Headers{Headers: headers}
	}
	rt, err := roundTripper(who, "tls", settings, c.TLS, env)
	if err != nil || !c.OAuth2.set() {
		return rt, err
	}
	tokens, err := roundTripper(who, "oauth2.tls",
		common.HTTPClientConfig{EnableHTTP2: true, ProxyConfig: c.proxy()}, c.OAuth2.TLS, env)
	if err != nil {
		return nil, err
	}
	return newTokens(who, c.OAuth2, tokens, rt), nil
}

func (c *Config) proxy() common.ProxyConfig {
	if c.ProxyURL.Empty() {
		return common.ProxyConfig{ProxyFromEnvironment: true}
	}
	u, _ := url.Parse(c.ProxyURL.Reveal()) // Check has parsed it
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
