package datadog

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/sources/web"
)

// errRefused marks errors about a query, as against those about the way to the server.
var errRefused = errors.New("the query was refused")

// words finds Datadog's words in an answer whose status is an error.
func (s *Source) words(a web.Answer, r *web.Rule) string {
	switch a.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		r.Cause = errRefused
	case http.StatusUnauthorized, http.StatusForbidden:
		r.Hint = "haldane check --online, which tells which of " + keys + " is wrong; " + permission
	case http.StatusTooManyRequests:
		r.Again = false // the budget says when
	}
	var own struct {
		Errors json.RawMessage `json:"errors"`
		Error  json.RawMessage `json:"error"`
	}
	if json.Unmarshal(a.Body, &own) != nil {
		return ""
	}
	if words := said(own.Errors); words != "" {
		return words
	}
	return said(own.Error)
}

const permission = "the application key needs the permission timeseries_query, and others for logs, spans, ..."

// temporary matches what servers say when they, and not the query, are to blame.
var temporary = regexp.MustCompile(`(?i)time[d ]*out|unavailable|internal|overload|try again|too busy|retry`)

// inside is the error of an answer with status 200 that holds one.
func (s *Source) inside(words string) error {
	if temporary.MatchString(words) {
		return s.web.Fail(web.Rule{Kind: s.web.Status(http.StatusServiceUnavailable).Kind, Again: true, Why: "it could not answer"}, words)
	}
	rule := s.web.Status(http.StatusBadRequest)
	rule.Cause = errRefused
	return s.web.Fail(rule, words)
}

// said puts errors into one line. Datadog writes a text, a list of texts, or a list of
// objects as JSON:API has them.
func said(raw json.RawMessage) string {
	var text string
	var list []json.RawMessage
	var object struct {
		Title   string `json:"title"`
		Detail  string `json:"detail"`
		Message string `json:"message"`
	}
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return ""
	case json.Unmarshal(raw, &text) == nil:
		return text
	case json.Unmarshal(raw, &list) == nil:
		var all []string
		for _, one := range list {
			if words := said(one); words != "" {
				all = append(all, words)
			}
		}
		return strings.Join(all, "; ")
	case string(raw) == "{}":
		return ""
	}
	if json.Unmarshal(raw, &object) == nil {
		parts := []string{object.Title, object.Detail, object.Message}
		parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
		if len(parts) > 0 {
			return strings.Join(parts, ": ")
		}
	}
	return "an error of unknown form"
}
