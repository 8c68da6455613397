package prometheus

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/web"
)

// byType is the table of Prometheus's own error types, for errors that come with
// status 200, or with 400 and 422 although the query is not to blame.
func byType(c *web.Client, name v1.ErrorType) web.Rule {
	switch name {
	case v1.ErrBadData, v1.ErrExec, "not_acceptable":
		return c.Status(http.StatusBadRequest)
	case "too_many_requests":
		return c.Status(http.StatusTooManyRequests)
	case v1.ErrTimeout, v1.ErrCanceled, "cancelled", "internal", "unavailable":
		return web.Rule{Kind: analysis.Unavailable, Again: true, Why: "it could not answer"}
	}
	return web.Rule{Kind: analysis.Unavailable, Why: "it could not answer"}
}

// said finds the error of Prometheus's JSON.
func (s *Source) said(a web.Answer, r *web.Rule) string {
	var own struct {
		ErrorType v1.ErrorType `json:"errorType"`
		Error     string       `json:"error"`
	}
	if json.Unmarshal(a.Body, &own) != nil {
		return ""
	}
	if own.ErrorType == "422" && strings.Contains(own.Error, "timeout exceeded") {
		*r = s.web.Status(http.StatusRequestTimeout) // VictoriaMetrics has this one status for all
	}
	if typed := byType(s.web, own.ErrorType); r.Kind == analysis.Invalid && typed.Again {
		typed.Wait = r.Wait
		*r = typed
	}
	return strings.TrimPrefix(own.Error, `invalid parameter "query": `)
}

// nonsense turns an error that api/v1 found in an answer with status 2xx into one of
// ours: an error inside, or something that is not Prometheus's JSON. Other errors stay
// what they are.
func (s *Source) nonsense(err error) error {
	var api *v1.Error
	var own *analysis.Error
	switch {
	case errors.As(err, &own) || !errors.As(err, &api):
		return err
	case api.Type != v1.ErrBadResponse:
		return s.web.Fail(byType(s.web, api.Type), api.Msg)
	case strings.Contains(api.Msg, "unexpected end of JSON input"):
		return s.web.CutOff(api)
	}
	return s.web.Strange("its answer is not Prometheus's").Because(api)
}
