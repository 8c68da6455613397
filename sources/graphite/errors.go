package graphite

import (
	"html"
	"net/http"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/web"
)

// said finds Graphite's own words in an error. It sends them with 400, escaped for a
// web page that is not one; or with 500 at the end of a page with a stack trace.
func (s *Source) said(a web.Answer, r *web.Rule) string {
	body := strings.TrimSpace(string(a.Body))
	if a.Status == http.StatusBadRequest && !strings.HasPrefix(body, "<") {
		return html.UnescapeString(body)
	}
	words := lastOfTrace(body)
	if words != "" && r.Kind == analysis.Unavailable && blamesQuery(words) {
		wait := r.Wait
		*r = s.web.Status(http.StatusBadRequest)
		r.Wait = wait
	}
	return words
}

// lastOfTrace returns the exception at the end of the trace in Graphite's own page for
// errors; "" when it is another page.
func lastOfTrace(page string) string {
	_, page, ok := strings.Cut(page, "Graphite encountered an unexpected error")
	if !ok {
		return ""
	}
	_, trace, _ := strings.Cut(page, "<pre>")
	trace, _, ok = strings.Cut(trace, "</pre>")
	if !ok {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(html.UnescapeString(trace)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// blamesQuery reports whether an exception is one of those that Python raises when a
// function of Graphite is given what it cannot use. Graphite sends 500 for it, but
// asking again will not help.
func blamesQuery(exception string) bool {
	name, _, _ := strings.Cut(exception, ":")
	name = name[strings.LastIndexByte(name, '.')+1:]
	return slices.Contains([]string{"ParseException", "TypeError", "ValueError", "KeyError", "InputParameterError"}, name)
}
