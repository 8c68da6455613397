package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// tokenServer gives out tokens to a client that shows its secret.
type tokenServer struct {
	*httptest.Server
	given   atomic.Int64
	expires int                                      // seconds
	answer  func(http.ResponseWriter, *http.Request) // instead, when set
}

const clientSecret = "open \"sesame\"\n& close"

func newTokenServer(t *testing.T) *tokenServer {
	t.Helper()
	s := &tokenServer{expires: 3600}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.answer != nil {
			s.answer(w, r)
			return
		}
		s.give(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *tokenServer) give(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	wanted := user == "haldane" && password == "open+%22sesame%22%0A%26+close" && // RFC 6749, 2.3.1: form-encoded
		r.FormValue("grant_type") == "client_credentials" && r.FormValue("scope") == "metrics read" &&
		r.FormValue("audience") == "prom" && r.Header.Get("X-Scope-OrgID") == ""
	w.Header().Set("Content-Type", "application/json")
	if !wanted {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(w, `{"error":"invalid_client","error_description":"no client with secret %s"}`, clientSecret)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"access_token": fmt.Sprintf("token-%d", s.given.Add(1)), "token_type": "Bearer", "expires_in": s.expires,
	})
}

func oauthSettings(prom string, tokens *tokenServer) *Config {
	c := settings(prom)
	c.Headers = map[string]config.Secret{"X-Scope-OrgID": config.NewSecret("team-a")}
	c.OAuth2 = OAuth2{
		ClientID: "haldane", ClientSecret: config.NewSecret(clientSecret), TokenURL: tokens.URL + "/token?v=1",
		Scopes: []string{"metrics", "read"}, EndpointParams: map[string]string{"audience": "prom"},
	}
	return c
}

// latest passes who shows the newest token.
func latest(tokens *tokenServer) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return r.Header.Get("Authorization") == fmt.Sprintf("Bearer token-%d", tokens.given.Load()) && r.Header.Get("X-Scope-OrgID") == "team-a"
	}
}

// TestToken fetches one token for many queries, however many come at once.
func TestToken(t *testing.T) {
	tokens := newTokenServer(t)
	server := guarded(t, latest(tokens))
	server.Start()
	s := opened(t, oauthSettings(server.URL, tokens))
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { wantKind(t, s, "", "") })
	}
	all.Wait()
	if n := tokens.given.Load(); n != 1 {
		t.Errorf("%d tokens were fetched, want 1", n)
	}
}

// TestTokenExpires fetches another in time.
func TestTokenExpires(t *testing.T) {
	tokens := newTokenServer(t)
	tokens.expires = 5 // less than the margin that is kept
	server := guarded(t, latest(tokens))
	server.Start()
	s := opened(t, oauthSettings(server.URL, tokens))
	for range 3 {
		wantKind(t, s, "", "")
	}
	if n := tokens.given.Load(); n != 3 {
		t.Errorf("%d tokens were fetched, want 3", n)
	}
}

// TestTokenIsRevoked fetches another after the server refused one.
func TestTokenIsRevoked(t *testing.T) {
	tokens := newTokenServer(t)
	revoked := "Bearer token-1"
	server := guarded(t, func(r *http.Request) bool { return r.Header.Get("Authorization") != revoked })
	server.Start()
	s := opened(t, oauthSettings(server.URL, tokens))
	wantKind(t, s, analysis.Denied, "credentials are missing or wrong")
	wantKind(t, s, "", "")
	if n := tokens.given.Load(); n != 2 {
		t.Errorf("%d tokens were fetched, want 2", n)
	}
}

// TestTokenTLS trusts the token server by its own settings only.
func TestTokenTLS(t *testing.T) {
	ours := newAuthority(t)
	tokens := newTokenServer(t)
	secure := httptest.NewUnstartedServer(tokens.Config.Handler)
	secure.TLS = ours.server(t)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes are wanted here
	secure.StartTLS()
	t.Cleanup(secure.Close)
	server := guarded(t, latest(tokens))
	server.Start()
	c := oauthSettings(server.URL, tokens)
	c.OAuth2.TokenURL = secure.URL
	c.TLS.CA = ours.file
	wantKind(t, opened(t, c), analysis.Unavailable, "its token server: its certificate is signed by an unknown authority")
	c.OAuth2.TLS.CA = ours.file
	wantKind(t, opened(t, c), "", "")
}

// TestNoToken is the table of what a token server may say instead.
func TestNoToken(t *testing.T) {
	status := func(code int, headers ...string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(code)
			_, _ = io.WriteString(w, "you sent "+clientSecret)
		}
	}
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request)
		change func(*Config)
		kind   analysis.Kind
		words  string
	}{
		"wrong secret": {nil, func(c *Config) { c.OAuth2.ClientSecret = config.NewSecret("sesame") }, analysis.Denied, "its token server refuses the client (try: check oauth2"},
		"wrong scope":  {nil, func(c *Config) { c.OAuth2.Scopes = nil }, analysis.Denied, "refuses the client"},
		"bad request":  {status(400), nil, analysis.Denied, "refuses the client"},
		"slow down":    {status(429, "Retry-After", "3600"), nil, analysis.Limited, "its token server asks to slow down"},
		"broken":       {status(500), nil, analysis.Unavailable, "its token server answers 500"},
		"a redirect":   {status(302, "Location", "http://127.0.0.1:1/"), nil, analysis.Unavailable, "its token server redirects"},
		"a page":       {status(200, "Content-Type", "text/html"), nil, analysis.Unavailable, "its token server answers no token"},
		"not there":    {nil, func(c *Config) { c.OAuth2.TokenURL = "http://127.0.0.1:1/" }, analysis.Unavailable, "its token server: connection refused"},
		"an empty token": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"access_token":""}`)
		}, nil, analysis.Unavailable, "answers no token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tokens := newTokenServer(t)
			tokens.answer = c.answer
			server := guarded(t, func(*http.Request) bool {
				t.Error("asked without a token")
				return false
			})
			server.Start()
			settings := oauthSettings(server.URL, tokens)
			if c.change != nil {
				c.change(settings)
			}
			s := opened(t, settings)
			wantKind(t, s, c.kind, c.words)
			if len(s.slots) != 0 {
				t.Error("a slot is still taken")
			}
		})
	}
}

// TestTokenServerHangs gives up when the caller does, and keeps nobody waiting
// after that.
func TestTokenServerHangs(t *testing.T) {
	tokens := newTokenServer(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	var first sync.Once
	tokens.answer = func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		hang := false
		first.Do(func() { hang = true; close(arrived) })
		if hang {
			select {
			case <-r.Context().Done():
			case <-release:
			}
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"late","token_type":"Bearer"}`)
	}
	t.Cleanup(func() { close(release) })
	server := guarded(t, func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer late" })
	server.Start()
	s := opened(t, oauthSettings(server.URL, tokens))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := price(ctx, s)
	if analysis.KindOf(err) != analysis.Unavailable || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("error %v, want it interrupted", err)
	}
	wantKind(t, s, "", "")
}
