package sourcetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// fetch asks, and checks what holds for every answer and every error.
func (s *stand) fetch(ctx context.Context, q analysis.Query) ([]analysis.Series, error) {
	before := q
	series, err := s.source.Fetch(ctx, q)
	if q != before {
		s.Errorf("the query was changed: %+v, was %+v", q, before)
	}
	if err != nil {
		s.checkError(err)
		if series != nil {
			s.Errorf("an error and series: %v", series)
		}
		return nil, err
	}
	for _, one := range series {
		s.checkSeries(q, one)
	}
	return series, nil
}

func (s *stand) checkSeries(q analysis.Query, one analysis.Series) {
	if want := q.Window.Steps(q.Step); len(one.Values) != want {
		s.Errorf("%d values, the window has %d steps", len(one.Values), want)
	}
	if !one.Start.Equal(q.Window.Start) || one.Step != q.Step {
		s.Errorf("series start at %s by %s, want %s by %s", one.Start, one.Step, q.Window.Start, q.Step)
	}
	s.says(append(one.Warnings, fmt.Sprint(one.Labels))...)
}

// checkError wants an *analysis.Error that is fit to be shown.
func (s *stand) checkError(err error) {
	e, ok := err.(*analysis.Error)
	if !ok || e == nil {
		s.Fatalf("error %#v, want a *analysis.Error", err)
	}
	switch e.Kind {
	case analysis.Invalid, analysis.Denied, analysis.Limited, analysis.Unavailable:
	default:
		s.Errorf("kind %q of %q: not one of a source", e.Kind, e)
	}
	text := e.Error()
	if e.Message == "" || strings.ContainsAny(text, "\n\r") || len(text) > 1500 {
		s.Errorf("error %q: want one line of sensible length", text)
	}
	if e.Hint != "" && !strings.HasPrefix(e.Hint, "try: ") {
		s.Errorf("hint %q: want try: ...", e.Hint)
	}
	if !strings.Contains(text, Name) {
		s.Errorf("error %q does not name its source", text)
	}
	inJSON, _ := json.Marshal(e)
	s.says(text, string(inJSON), fmt.Sprintf("%+v %q", err, err))
}

// says notes what the source showed.
func (s *stand) says(texts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shown = append(s.shown, texts...)
}

// quiet wants no secret in anything that was shown or logged, and no header that
// was sent twice.
func (s *stand) quiet() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range append(s.shown, s.log.String()) {
		for _, secret := range append(slices.Concat(s.carried...), mark) {
			if strings.Contains(text, secret) {
				s.Errorf("a secret is shown: %q", text)
			}
		}
	}
	for _, r := range s.seen {
		for name, values := range r.Header {
			if len(values) > 1 {
				s.Errorf("header %s was sent %d times in one request", name, len(values))
			}
		}
	}
}
