package sourcetest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// plainSource is the source of the plain vendor.
type plainSource struct {
	setup  Setup
	bug    string
	client *http.Client
	slots  chan struct{}
	kept   []analysis.Series
}

func (p *plainSource) errorf(kind analysis.Kind, format string, args ...any) *analysis.Error {
	return analysis.Errorf(kind, "source %s: %s", p.setup.Env.Name, fmt.Sprintf(format, args...))
}

func (p *plainSource) Fetch(ctx context.Context, q analysis.Query) ([]analysis.Series, error) {
	n := q.Window.Steps(q.Step)
	if n < 1 || !slices.Contains([]analysis.Reduce{"", "sum", "mean", "max", "min", "all"}, q.Reduce) {
		return nil, p.errorf(analysis.Invalid, "window, step or reduce")
	}
	if p.bug == "shares its answers" && p.kept != nil {
		return p.kept, nil
	}
	var answer plainAnswer
	if err := p.ask(ctx, q, &answer); err != nil {
		switch p.bug {
		case "takes errors for no data":
			return nil, nil
		case "errors of its own type":
			return nil, errors.New("source " + Name + ": it failed")
		}
		return nil, err
	}
	out, err := p.place(q, n, answer)
	if p.bug == "shares its answers" {
		p.kept = out
	}
	return out, err
}

func (p *plainSource) place(q analysis.Query, n int, answer plainAnswer) ([]analysis.Series, error) {
	var all []analysis.Series
	for _, s := range answer.Series {
		one := analysis.Series{Labels: s.Labels, Start: q.Window.Start, Step: q.Step, Values: make(analysis.Values, n)}
		some := false
		for i := range n {
			if p.bug != "takes gaps for zero" {
				one.Values[i] = analysis.Missing()
			}
		}
		for _, pt := range s.Points {
			since := pt.At - q.Window.Start.UnixMilli()
			i := int((since - 1) / q.Step.Milliseconds())
			if p.bug == "takes the start into the window" {
				i = min(int(since/q.Step.Milliseconds()), n-1)
			}
			switch {
			case pt.Value != nil:
				one.Values[i], some = float64(*pt.Value), true
				if p.bug == "takes NaN for missing" && *pt.Value != *pt.Value {
					one.Values[i] = analysis.Missing()
				}
			case p.bug == "takes nulls for zero":
				one.Values[i], some = 0, true
			default:
				one.Nulls++
			}
		}
		if some {
			all = append(all, one)
		}
	}
	if p.bug == "takes nothing for zero" && len(all) == 0 {
		all = append(all, analysis.Series{Start: q.Window.Start, Step: q.Step, Values: make(analysis.Values, n)})
	}
	return p.reduce(q, n, all, answer.Warnings)
}

func (p *plainSource) reduce(q analysis.Query, n int, all []analysis.Series, said []string) ([]analysis.Series, error) {
	if p.bug != "leaves series in any order" {
		slices.SortFunc(all, func(a, b analysis.Series) int { return strings.Compare(fmt.Sprint(a.Labels), fmt.Sprint(b.Labels)) })
	}
	switch {
	case q.Reduce == "" && len(all) > 1 && p.bug == "lets the last series win":
		all = all[len(all)-1:]
	case q.Reduce == "" && len(all) > 1:
		text := "several series differ in pod:"
		for _, s := range all[:min(5, len(all))] {
			text += " " + s.Labels["pod"]
		}
		return nil, p.errorf(analysis.Invalid, "%s", text)
	case q.Reduce != "" && q.Reduce != "all" && len(all) > 0:
		all = []analysis.Series{plainReduce(q, n, all)}
	}
	var warnings []string
	for _, w := range said {
		w = strings.Join(strings.Fields(p.hide(w)), " ")
		if w = w[:min(400, len(w))]; !slices.Contains(warnings, w) {
			warnings = append(warnings, w)
		}
	}
	if p.bug == "drops warnings" {
		return all, nil
	}
	if len(all) == 0 && len(warnings) > 0 && p.bug != "takes a warning for silence" {
		one := analysis.Series{Start: q.Window.Start, Step: q.Step}
		for range n {
			one.Values = append(one.Values, analysis.Missing())
		}
		all = append(all, one)
	}
	for i := range all {
		all[i].Warnings = warnings
	}
	return all, nil
}

func plainReduce(q analysis.Query, n int, all []analysis.Series) analysis.Series {
	out := analysis.Series{Start: q.Window.Start, Step: q.Step, Values: make(analysis.Values, n)}
	for i := range n {
		var have []float64
		sum := 0.0
		for _, s := range all {
			if v := s.Values[i]; !analysis.IsMissing(v) {
				have, sum = append(have, v), sum+v
			}
		}
		number := slices.DeleteFunc(slices.Clone(have), func(v float64) bool { return v != v })
		slices.Sort(number)
		switch {
		case len(have) == 0:
			out.Values[i] = analysis.Missing()
		case q.Reduce == "sum" || len(number) == 0:
			out.Values[i] = sum
		case q.Reduce == "mean":
			out.Values[i] = sum / float64(len(have))
		case q.Reduce == "max":
			out.Values[i] = number[len(number)-1]
		default:
			out.Values[i] = number[0]
		}
	}
	return out
}

func (p *plainSource) hide(words string) string {
	if p.bug == "shows secrets" {
		return words
	}
	basic := base64.StdEncoding.EncodeToString([]byte("haldane:" + p.setup.Secret))
	for _, secret := range []string{basic, p.setup.Secret, p.setup.Token} {
		quoted := strconv.Quote(secret)
		for _, form := range []string{secret, quoted[1 : len(quoted)-1]} {
			words = strings.ReplaceAll(words, form, "<secret>")
		}
	}
	return words
}

// ask makes up to three tries.
func (p *plainSource) ask(ctx context.Context, q analysis.Query, into *plainAnswer) *analysis.Error {
	for try := 1; ; try++ {
		err, again := p.once(ctx, q, into)
		switch {
		case err == nil:
			return nil
		case p.bug == "asks again whatever it was" && try < 3:
		case !again || try == 3 || ctx.Err() != nil || p.bug == "never asks again":
			return err
		}
	}
}

func (p *plainSource) once(ctx context.Context, q analysis.Query, into *plainAnswer) (*analysis.Error, bool) {
	if p.bug != "asks without limit" && p.bug != "asks although given up" {
		select {
		case p.slots <- struct{}{}:
			defer func() { <-p.slots }()
		case <-ctx.Done():
			return p.errorf(analysis.Unavailable, "busy"), false
		}
	}
	if ctx.Err() != nil && p.bug != "asks although given up" {
		return p.errorf(analysis.Unavailable, "given up"), false
	}
	if p.bug == "asks although given up" {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, p.setup.Timeout)
	defer cancel()
	form := url.Values{
		"from":  {strconv.FormatInt(q.Window.Start.UnixMilli(), 10)},
		"to":    {strconv.FormatInt(q.Window.End.UnixMilli(), 10)},
		"query": {q.Text},
	}
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, p.setup.URL+"/?"+form.Encode(), nil)
	req.SetBasicAuth("haldane", p.setup.Secret)
	req.Header.Set("X-Token", p.setup.Token)
	req.Header.Set("User-Agent", "haldane/"+p.setup.Env.Version)
	if p.bug == "adds a header again" {
		req.Header.Add("X-Token", p.setup.Token)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return p.errorf(analysis.Unavailable, "lost"), true
	}
	defer func() { _ = resp.Body.Close() }()
	limit := p.setup.MaxResponse
	if p.bug == "reads without limit" {
		limit = 1 << 30
	}
	raw, err := io.ReadAll(http.MaxBytesReader(nil, resp.Body, limit))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return p.errorf(analysis.Unavailable, "too large"), false
	}
	if err != nil && p.bug != "takes half an answer" {
		return p.errorf(analysis.Unavailable, "cut off"), true
	}
	return p.read(resp, raw, into)
}

func (p *plainSource) read(resp *http.Response, raw []byte, into *plainAnswer) (*analysis.Error, bool) {
	*into = plainAnswer{}
	bad := json.Unmarshal(raw, into)
	words := p.hide(into.Error)
	words = words[:min(400, len(words))]
	wait := config.RetryAfter(resp.Header, time.Now())
	status := resp.StatusCode
	if p.bug == "ignores the status" {
		status = 200
	}
	switch {
	case status == 401 || status == 403:
		return p.errorf(analysis.Denied, "denied"), false
	case status == 429:
		e := p.errorf(analysis.Limited, "limited")
		e.RetryAfter = wait
		return e, false
	case status >= 400 && status < 500:
		return p.errorf(analysis.Invalid, "refused: %s", strings.ReplaceAll(words, "\n", " ")), false
	case status >= 500:
		return p.errorf(analysis.Unavailable, "broken"), true
	case status >= 300:
		return p.errorf(analysis.Unavailable, "redirected"), false
	case p.bug == "ignores errors inside 200":
		return nil, false
	case bad != nil || into.OK == nil:
		return p.errorf(analysis.Unavailable, "nonsense"), false
	case !*into.OK:
		return p.errorf(analysis.Unavailable, "refused: %s", words), false
	}
	return nil, false
}

func (p *plainSource) FetchAll(ctx context.Context, qs []analysis.Query) []analysis.Answer {
	out := make([]analysis.Answer, len(qs))
	for i, q := range qs {
		out[i].Series, out[i].Err = p.Fetch(ctx, q)
	}
	return out
}

func (p *plainSource) Check(ctx context.Context) error {
	q := analysis.Query{Text: "1", Step: time.Minute, Window: analysis.Window{Start: time.Unix(0, 0), End: time.Unix(60, 0)}}
	if err := p.ask(ctx, q, &plainAnswer{}); err != nil && p.bug != "is always well" {
		return err
	}
	return nil
}

func (p *plainSource) Quote(name string) string {
	if p.bug == "does not quote" {
		return name
	}
	quoted := strconv.Quote(name)
	return quoted[1 : len(quoted)-1]
}

func (p *plainSource) Link(q analysis.Query) string {
	if p.setup.ExternalURL == "" {
		return ""
	}
	link := p.setup.ExternalURL + "/?q=" + url.QueryEscape(q.Text)
	if p.bug == "links with the token" {
		link += "&token=" + url.QueryEscape(p.setup.Token)
	}
	return link
}
