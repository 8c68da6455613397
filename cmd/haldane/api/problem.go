package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/haldane-dev/haldane/analysis"
)

// statuses is the only table from kinds of trouble to HTTP.
var statuses = map[analysis.Kind]int{
	analysis.Invalid:     http.StatusUnprocessableEntity,
	analysis.NotFound:    http.StatusNotFound,
	analysis.Conflict:    http.StatusConflict,
	analysis.NoData:      http.StatusUnprocessableEntity,
	analysis.Denied:      http.StatusForbidden,
	analysis.Limited:     http.StatusTooManyRequests,
	analysis.Unavailable: http.StatusServiceUnavailable,
	analysis.Internal:    http.StatusInternalServerError,
}

// problem turns an error into a reply. The cause of what is our own fault goes to
// the log, not to the client.
func (s *server) problem(ctx context.Context, err error) error {
	e := analysis.AsError(err)
	status := statuses[e.Kind]
	if status >= 500 {
		s.Log.ErrorContext(ctx, "request failed", "error", e, "cause", errors.Unwrap(e))
	}
	var details []error
	for _, f := range e.Fields {
		details = append(details, &huma.ErrorDetail{Message: f.Message, Location: "body." + f.Field})
	}
	model := huma.NewError(status, e.Error(), details...)
	if e.Kind == analysis.Limited || e.Kind == analysis.Unavailable {
		wait := max(e.RetryAfter, time.Second)
		return huma.ErrorWithHeaders(model, http.Header{"Retry-After": {strconv.Itoa(int(wait.Seconds()))}})
	}
	return model
}

// refuse writes a problem before huma has seen the request.
func refuse(w http.ResponseWriter, log *slog.Logger, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	m := &huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail}
	if err := writeJSON(w, withRequest{m, w.Header().Get(requestHeader)}); err != nil {
		log.Debug("reply not written", "error", err)
	}
}

// withRequest is a problem with the id under which the log has more of it.
type withRequest struct {
	*huma.ErrorModel
	RequestID string `json:"request_id,omitempty"`
}
