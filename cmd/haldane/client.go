package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// client speaks to a daemon's API.
type client struct {
	base  string
	token string
	http  *http.Client
}

// newClient makes a client of HALDANE_URL, HALDANE_TOKEN and what transport reads.
func newClient(env func(string) (string, bool)) (*client, error) {
	base, _ := env("HALDANE_URL")
	if base == "" {
		base = "http://127.0.0.1:8080"
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, analysis.Errorf(analysis.Invalid, "HALDANE_URL: not an address").WithHint("http://127.0.0.1:8080")
	}
	token, _ := env("HALDANE_TOKEN")
	t, err := transport(env)
	if err != nil {
		return nil, err
	}
	return &client{base: strings.TrimRight(base, "/"), token: token, http: &http.Client{Timeout: 30 * time.Second, Transport: t}}, nil
}

// problem is an RFC 9457 reply.
type problem struct {
	Status  int    `json:"status"`
	Detail  string `json:"detail"`
	Request string `json:"request_id"`
	Errors  []struct {
		Message  string `json:"message"`
		Location string `json:"location"`
	} `json:"errors"`
}

// Error says what the daemon refused, and where.
func (p *problem) Error() string {
	text := p.Detail
	for _, e := range p.Errors {
		if !strings.Contains(text, e.Message) {
			text += "; " + strings.TrimPrefix(e.Location, "body.") + ": " + e.Message
		}
	}
	if p.Status >= 500 && p.Request != "" {
		text += " (its log has more, under request=" + p.Request + ")"
	}
	return fmt.Sprintf("the daemon says %d: %s", p.Status, text)
}

// temporary reports whether asking again may help: the daemon is away or busy.
func temporary(err error) bool {
	var p *problem
	var d *distrust
	if errors.As(err, &d) {
		return false
	}
	if errors.As(err, &p) {
		return p.Status >= 500 || p.Status == http.StatusTooManyRequests
	}
	return err != nil
}

// call sends one request and decodes the reply.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "haldane/"+version())
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if d := c.distrusted(err); d != nil {
			return d
		}
		return c.away(errors.Unwrap(err))
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return c.away(err)
	}
	if resp.StatusCode >= 300 {
		p := &problem{Status: resp.StatusCode}
		if json.Unmarshal(b, p) != nil || p.Detail == "" {
			p.Detail = http.StatusText(resp.StatusCode)
			if strings.HasPrefix(string(b), "Client sent an HTTP request to an HTTPS server") {
				p.Detail = "it speaks TLS (try: HALDANE_URL=https" + strings.TrimPrefix(c.base, "http") + ")"
			}
		}
		p.Status = resp.StatusCode
		return p
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("what answers at %s is no Haldane daemon", c.base)
	}
	return nil
}

// away is the error of a daemon that cannot be reached.
func (c *client) away(why error) error {
	return fmt.Errorf("no daemon at %s: %w (try: start one with haldane serve, or say with HALDANE_URL where it is)", c.base, why)
}
