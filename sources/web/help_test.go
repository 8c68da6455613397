package web

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Config are the settings of a vendor made up for these tests, with all that the
// package has.
type Config struct {
	config.SourceCommon `yaml:",inline"`

	URL   string `yaml:"url"`
	Login `yaml:",inline"`
	Reach `yaml:",inline"`
}

func (c *Config) Check() []config.Problem {
	var p Problems
	p.Address("url", c.URL, "basic_auth")
	p.Login(c.Login)
	p.Reach(c.Reach)
	return p
}

// Open implements config.SourceSettings; there is no source.
func (c *Config) Open(env config.Env) (analysis.Source, error) {
	if err := Usable(env, c); err != nil {
		return nil, err
	}
	_, err := New(c.server())
	return nil, err
}

func (c *Config) server() Server {
	return Server{
		Env: env(), Common: c.SourceCommon, URL: c.URL, Login: c.Login, Reach: c.Reach,
		Vendor: Vendor{API: "Shop API", Where: "the address of the shop", Doubt: "check that its url is that of a shop", Keys: LoginKeys},
	}
}

// settings are good ones for a server at url.
func settings(url string) *Config {
	return &Config{
		SourceCommon: config.SourceCommon{Type: "shop", MaxConcurrent: 20, Timeout: analysis.Duration(20 * time.Second)},
		URL:          url,
		Reach:        Reach{MaxResponse: DefaultMaxResponse},
	}
}

func env() config.Env { return config.Env{Name: "prom", Version: "test"} }

// opened makes a client of settings, which must be good.
func opened(t testing.TB, c *Config) *Client {
	t.Helper()
	if err := Usable(env(), c); err != nil {
		t.Fatal(err)
	}
	s := c.server()
	s.Pause = time.Millisecond
	client, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// wire is a way to a server that is not there: it answers itself.
type wire func(*http.Request) (*http.Response, error)

func (f wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	resp, err := f(r)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

// says is an answer.
func says(code int, body string, headers ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// over makes a client whose server is a wire.
func over(w wire) *Client { return overWith(w, nil) }

// overWith does so with other settings.
func overWith(w wire, change func(*Server)) *Client {
	s := settings("http://shop:9090").server()
	s.Transport = w
	if change != nil {
		change(&s)
	}
	c, err := New(s)
	if err != nil {
		panic(err)
	}
	return c
}

const two = `{"price":2}`

// price asks the shop for one number.
func price(ctx context.Context, c *Client) (float64, error) {
	var got struct{ Price *float64 }
	err := c.Ask(ctx, Request{Path: "price"}, func(a Answer) error {
		if err := c.Decode(a, &got); err != nil {
			return err
		}
		if got.Price == nil {
			return c.Strange("it has no price")
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return *got.Price, nil
}
