package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// tokens is a RoundTripper that adds an OAuth2 token to each request. The token is
// fetched within the request's context and kept until shortly before it expires,
// or until the server no longer takes it.
type tokens struct {
	who    string
	config *clientcredentials.Config
	client *http.Client // to the token server
	next   http.RoundTripper
	// token holds the token there is, perhaps nil. Who takes it out may fetch
	// another, the others wait; unlike a mutex, the wait can be given up.
	token chan *oauth2.Token
}

func newTokens(who string, o OAuth2, way, next http.RoundTripper) *tokens {
	params := url.Values{}
	for name, value := range o.EndpointParams {
		params.Set(name, value)
	}
	t := &tokens{
		who: who,
		config: &clientcredentials.Config{
			ClientID: o.ClientID, ClientSecret: o.ClientSecret.Reveal(), TokenURL: o.TokenURL,
			Scopes: o.Scopes, EndpointParams: params,
		},
		client: &http.Client{Transport: way, CheckRedirect: stay},
		next:   next,
		token:  make(chan *oauth2.Token, 1),
	}
	t.token <- nil
	return t
}

// RoundTrip implements http.RoundTripper.
func (t *tokens) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := t.current(r.Context())
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	r = r.Clone(r.Context())
	token.SetAuthHeader(r)
	resp, err := t.next.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		t.forget(r.Context(), token)
	}
	return resp, err
}

// current returns a token that is still good.
func (t *tokens) current(ctx context.Context) (token *oauth2.Token, err error) {
	select {
	case token = <-t.token:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { t.token <- token }()
	if token.Valid() {
		return token, nil
	}
	token, err = t.config.Token(context.WithValue(ctx, oauth2.HTTPClient, t.client))
	if err != nil {
		return nil, t.refused(err)
	}
	return token, nil
}

// forget drops a token that the server refused: it may have been revoked, and the
// next query fetches another.
func (t *tokens) forget(ctx context.Context, bad *oauth2.Token) {
	select {
	case token := <-t.token:
		if token == bad {
			token = nil
		}
		t.token <- token
	case <-ctx.Done():
	}
}

// refused says why there is no token. The library's own text quotes the token
// server's answer, which may hold anything.
func (t *tokens) refused(err error) error {
	var answer *oauth2.RetrieveError
	var request *url.Error
	switch {
	case errors.As(err, &request):
		return lost(t.who+": its token server", err)
	case !errors.As(err, &answer):
		return analysis.Errorf(analysis.Unavailable, "%s: its token server answers no token", t.who).Because(err)
	}
	switch code := answer.Response.StatusCode; {
	case code >= 300 && code < 400:
		return analysis.Errorf(analysis.Unavailable, "%s: its token server redirects", t.who).
			WithHint("the final address as oauth2.token_url").Because(err)
	case code == http.StatusTooManyRequests:
		e := analysis.Errorf(analysis.Limited, "%s: its token server asks to slow down", t.who).Because(err)
		e.RetryAfter = config.RetryAfter(answer.Response.Header, time.Now())
		return Again(e)
	case code >= 500:
		return Again(analysis.Errorf(analysis.Unavailable, "%s: its token server answers %d", t.who, code).Because(err))
	}
	return analysis.Errorf(analysis.Denied, "%s: its token server refuses the client", t.who).
		WithHint("check oauth2: client_id, client_secret, scopes, endpoint_params").Because(err)
}
