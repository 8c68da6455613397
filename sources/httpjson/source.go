package httpjson

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources/web"
)

// Source answers queries from a JSON API. It may be used by many at the same time.
type Source struct {
	web    *web.Client
	config *Config
	page   *url.URL // of links; nil for none
	failed expression
	warned expression
	values cache // of the expressions of queries
}

var (
	_ analysis.Source      = (*Source)(nil)
	_ analysis.BatchSource = (*Source)(nil)
	_ analysis.Checker     = (*Source)(nil)
	_ analysis.Quoter      = (*Source)(nil)
	_ analysis.Linker      = (*Source)(nil)
)

// newSource makes a source of checked settings. Of server, the settings fill in all but
// Env and what tests put there.
func newSource(c *Config, server web.Server) (*Source, error) {
	s := &Source{config: c}
	server.Common, server.URL, server.Login, server.Reach = c.SourceCommon, c.URL.Reveal(), c.Login, c.Reach
	server.Vendor = web.Vendor{
		API:     "JSON API",
		Where:   "check the url and the path in the query",
		Doubt:   "check the url, the path in the query and the expression",
		Keys:    web.LoginKeys + ", secret_params",
		Words:   words,
		Secrets: c.secrets(),
	}
	var err error
	if s.web, err = web.New(server); err != nil {
		return nil, err
	}
	for _, e := range []struct {
		text string
		into *expression
	}{{c.Error, &s.failed}, {c.Warning, &s.warned}} {
		if e.text == "" {
			continue
		}
		compiled, err := compile(e.text, false)
		if err != nil {
			return nil, s.web.Named(err)
		}
		*e.into = compiled
	}
	s.page = web.Page(c.ExternalURL)
	return s, nil
}

// Fetch implements analysis.Source.
func (s *Source) Fetch(ctx context.Context, q analysis.Query) ([]analysis.Series, error) {
	a := s.FetchAll(ctx, []analysis.Query{q})[0]
	return a.Series, a.Err
}

// FetchAll implements analysis.BatchSource: queries that ask the same of the API, and
// differ in what they take from the answer, go out as one request. So both parts of a
// ratio are of the same moment.
func (s *Source) FetchAll(ctx context.Context, qs []analysis.Query) []analysis.Answer {
	answers := make([]analysis.Answer, len(qs))
	groups := map[string][]asking{}
	for i, q := range qs {
		p, err := s.pose(q)
		if err != nil {
			answers[i].Err = err
			continue
		}
		groups[p.key] = append(groups[p.key], asking{p, &answers[i]})
	}
	var wg sync.WaitGroup
	for _, group := range groups {
		wg.Go(func() { s.together(ctx, group) })
	}
	wg.Wait()
	return answers
}

// asking is a query of a batch and the place for its answer.
type asking struct {
	posed
	answer *analysis.Answer
}

// together makes one request and gives every query what it wants of the answer.
func (s *Source) together(ctx context.Context, all []asking) {
	f, err := s.ask(ctx, all[0].request)
	for _, a := range all {
		if err != nil {
			a.answer.Err = err
			continue
		}
		a.answer.Series, a.answer.Err = s.read(ctx, a.posed, f)
	}
}

// ask makes a request and returns what expressions see of the answer.
func (s *Source) ask(ctx context.Context, r web.Request) (facts, error) {
	var f facts
	err := s.web.Ask(ctx, r, func(a web.Answer) error {
		f = facts{Status: a.Status, Headers: map[string]string{}}
		for name, values := range a.Header {
			f.Headers[name] = strings.Join(values, ", ")
		}
		if a.Status == http.StatusNoContent {
			return nil
		}
		return s.web.Decode(a, &f.Body)
	})
	if err != nil {
		return facts{}, err
	}
	return f, s.inside(ctx, f)
}

// inside finds an error inside of an answer.
func (s *Source) inside(ctx context.Context, f facts) error {
	if s.failed.program == nil {
		return nil
	}
	result, err := s.run(ctx, s.failed, "error", f)
	if err != nil {
		return err
	}
	rule := web.Rule{Kind: analysis.Unavailable, Why: "its answer is an error"}
	switch r := result.(type) {
	case nil:
		return nil
	case bool:
		if !r {
			return nil
		}
		return s.web.Fail(rule, "")
	case string:
		if r == "" {
			return nil
		}
		return s.web.Fail(rule, r)
	}
	return s.web.Fail(rule, fmt.Sprint(result))
}

// run evaluates an expression, which may take as long as a request. which names it in
// errors.
func (s *Source) run(ctx context.Context, e expression, which string, f facts) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout.Std())
	defer cancel()
	result, err := e.run(ctx, f)
	switch {
	case err == nil:
		return result, nil
	case errors.Is(err, context.Canceled):
		return nil, config.Unreachable(s.web.Who(), err)
	case errors.Is(err, context.DeadlineExceeded):
		return nil, s.web.Strange(which + " takes too long").Because(err)
	}
	return nil, s.web.Strange("its answer does not fit " + which + ": " + s.web.Clean(where(err), 400)).Because(err)
}
