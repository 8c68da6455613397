package web

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// guarded is a server that answers only who passes.
func guarded(t *testing.T, pass func(*http.Request) bool) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !pass(r) {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, two)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes are wanted here
	t.Cleanup(s.Close)
	return s
}

// wantKind asks once and checks what comes of it.
func wantKind(t *testing.T, c *Client, kind analysis.Kind, words string) {
	t.Helper()
	got, err := price(t.Context(), c)
	if analysis.KindOf(err) != kind || kind == "" && got != 2 {
		t.Errorf("price %v, error %v, want %q", got, err, kind)
	}
	if err != nil && (!strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "sesame")) {
		t.Errorf("error %v, want one about %q without the secret", err, words)
	}
}

func TestCredentials(t *testing.T) {
	secret := config.NewSecret
	for name, c := range map[string]struct {
		good, bad func(*Config)
		pass      func(*http.Request) bool
	}{
		"basic_auth": {
			good: func(c *Config) { c.BasicAuth = BasicAuth{"me", secret(planted)} },
			bad:  func(c *Config) { c.BasicAuth = BasicAuth{"me", secret("sesame")} },
			pass: func(r *http.Request) bool {
				user, password, _ := r.BasicAuth()
				return user == "me" && password == planted
			},
		},
		"bearer_token": {
			good: func(c *Config) { c.BearerToken = secret(`open "sesame"`) },
			bad:  func(c *Config) { c.BearerToken = secret("sesame") },
			pass: func(r *http.Request) bool { return r.Header.Get("Authorization") == `Bearer open "sesame"` },
		},
		"headers": {
			good: func(c *Config) {
				c.Headers = map[string]config.Secret{"X-Scope-OrgID": secret("team-a|team-b"), "Authorization": secret("Token sesame")}
			},
			bad: func(c *Config) { c.Headers = map[string]config.Secret{"X-Scope-OrgID": secret("team-c")} },
			pass: func(r *http.Request) bool {
				return r.Header.Get("X-Scope-OrgID") == "team-a|team-b" && r.Header.Get("Authorization") == "Token sesame"
			},
		},
		"headers beside a login": {
			good: func(c *Config) {
				c.BearerToken = secret("sesame")
				c.Headers = map[string]config.Secret{"X-Scope-OrgID": secret("team-a")}
			},
			bad: func(c *Config) { c.BearerToken = secret("sesame") },
			pass: func(r *http.Request) bool {
				return r.Header.Get("X-Scope-OrgID") == "team-a" && r.Header.Get("Authorization") == "Bearer sesame"
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := guarded(t, c.pass)
			server.Start()
			for kind, change := range map[analysis.Kind]func(*Config){"": c.good, analysis.Denied: c.bad} {
				settings := settings(server.URL)
				change(settings)
				wantKind(t, opened(t, settings), kind, "credentials are missing or wrong: who are you?")
			}
		})
	}
}

func TestTLS(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	secure := guarded(t, func(*http.Request) bool { return true })
	secure.TLS = ours.server(t)
	secure.StartTLS()
	open := guarded(t, func(*http.Request) bool { return true })
	open.Start()
	for name, c := range map[string]struct {
		url   string
		tls   TLS
		kind  analysis.Kind
		words string
	}{
		"trusted":                 {secure.URL, TLS{CA: ours.file}, "", ""},
		"unknown":                 {secure.URL, TLS{}, analysis.Unavailable, "unknown authority (try: set tls.ca)"},
		"of another":              {secure.URL, TLS{CA: theirs.file}, analysis.Unavailable, "unknown authority"},
		"not looked at":           {secure.URL, TLS{InsecureSkipVerify: true}, "", ""},
		"by its other name":       {secure.URL, TLS{CA: ours.file, ServerName: "prom.test"}, "", ""},
		"by a wrong name":         {secure.URL, TLS{CA: ours.file, ServerName: "shop.test"}, analysis.Unavailable, "for another host name"},
		"TLS where there is none": {strings.Replace(open.URL, "http://", "https://", 1), TLS{}, analysis.Unavailable, "does not speak TLS"},
		"none where there is TLS": {strings.Replace(secure.URL, "https://", "http://", 1), TLS{}, analysis.Invalid, "https:// in its url"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := settings(c.url)
			settings.TLS = c.tls
			wantKind(t, opened(t, settings), c.kind, c.words)
		})
	}
}

func TestClientCertificate(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	server := guarded(t, func(r *http.Request) bool { return r.TLS.PeerCertificates[0].Subject.CommonName == "haldane" })
	server.TLS = ours.server(t)
	server.TLS.ClientAuth, server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, ours.pool()
	server.StartTLS()
	for name, c := range map[string]struct {
		by, as string
		kinds  []analysis.Kind // a refused handshake may also look like a lost connection
	}{
		"ours":    {"ours", "haldane", []analysis.Kind{""}},
		"another": {"ours", "mallory", []analysis.Kind{analysis.Denied}},
		"theirs":  {"theirs", "haldane", []analysis.Kind{analysis.Denied, analysis.Unavailable}},
		"none":    {"", "", []analysis.Kind{analysis.Denied, analysis.Unavailable}},
	} {
		settings := settings(server.URL)
		settings.TLS.CA = ours.file
		if c.by != "" {
			settings.TLS.Cert, settings.TLS.Key = map[string]authority{"ours": ours, "theirs": theirs}[c.by].issue(t, c.as)
		}
		_, err := price(t.Context(), opened(t, settings))
		ok := false
		for _, kind := range c.kinds {
			ok = ok || analysis.KindOf(err) == kind
		}
		if !ok {
			t.Errorf("%s: error %v, want one of %q", name, err, c.kinds)
		}
	}
}

// TestCertificatesAreReadAnew trusts an authority as soon as its file says so.
func TestCertificatesAreReadAnew(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	server := guarded(t, func(*http.Request) bool { return true })
	server.TLS = ours.server(t)
	server.StartTLS()
	settings := settings(server.URL)
	settings.TLS.CA = theirs.file
	s := opened(t, settings)
	wantKind(t, s, analysis.Unavailable, "unknown authority")
	write(t, theirs.file, "CERTIFICATE", ours.cert.Raw)
	wantKind(t, s, "", "")
	if err := os.Remove(theirs.file); err != nil {
		t.Fatal(err)
	}
	wantKind(t, s, analysis.Unavailable, "a file of its tls settings cannot be read")
}

// TestProxy goes through a proxy that wants credentials of its own.
func TestProxy(t *testing.T) {
	var hosts []string
	proxy := guarded(t, func(r *http.Request) bool {
		hosts = append(hosts, r.URL.Host)
		check := http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
		user, password, _ := check.BasicAuth()
		return user == "me" && password == "sesame" && r.Header.Get("Authorization") == "Bearer sesame-token"
	})
	proxy.Start()
	for _, c := range []struct {
		login string
		kind  analysis.Kind
	}{{"me:sesame@", ""}, {"me:sesame-no@", analysis.Denied}, {"", analysis.Denied}} {
		settings := settings("http://prometheus.example:9090")
		settings.ProxyURL = config.NewSecret(strings.Replace(proxy.URL, "http://", "http://"+c.login, 1))
		settings.BearerToken = config.NewSecret("sesame-token")
		wantKind(t, opened(t, settings), c.kind, "credentials are missing or wrong")
	}
	if len(hosts) != 3 || hosts[0] != "prometheus.example:9090" {
		t.Errorf("the proxy was asked for %v", hosts)
	}
}

// TestGivenUpInWords wants no jargon.
func TestGivenUpInWords(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := price(ctx, over(func(*http.Request) (*http.Response, error) { return says(200, two), nil }))
	if err == nil || err.Error() != "source prom: interrupted" {
		t.Errorf("error %v", err)
	}
}
