package daemon_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

// text answers with a status and a body.
func text(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func matrix(result string) http.HandlerFunc {
	return text(200, "application/json", `{"status":"success","data":{"resultType":"matrix","result":[`+result+`]}}`)
}

// TestSickPrometheusNeverRollsBack gives a plan that would fail at two samples
// above 0.5 every kind of trouble that a metric store can have.
func TestSickPrometheusNeverRollsBack(t *testing.T) {
	const json = "application/json"
	for name, serve := range map[string]http.HandlerFunc{
		"parse error":  text(400, json, `{"status":"error","errorType":"bad_data","error":"1:1: parse error"}`),
		"cannot run":   text(422, json, `{"status":"error","errorType":"execution","error":"many-to-many matching"}`),
		"unauthorised": text(401, "text/plain", "who are you"),
		"too many":     text(429, "text/plain", "slow down"),
		"proxy page":   text(500, "text/html", "<html>it hurts</html>"),
		"gateway":      text(502, "text/html", "<html>it hurts</html>"),
		"error in 200": text(200, json, `{"status":"error","errorType":"timeout","error":"query timed out"}`),
		"page in 200":  text(200, "text/html", "<html>please log in</html>"),
		"cut off":      text(200, json, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[17`),
		"wrong type":   text(200, json, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0.9"]}]}}`),
		"scalar":       text(200, json, `{"status":"success","data":{"resultType":"scalar","result":[1,"0.9"]}}`),
		"empty":        matrix(""),
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		},
		"two series": matrix(`{"metric":{"a":"1"},"values":[[1,"0.9"]]},{"metric":{"a":"2"},"values":[[1,"0.9"]]}`),
		"histograms": matrix(`{"metric":{},"histograms":[[1,{"count":"1","sum":"1","buckets":[]}]]}`),
		"20 MiB": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"status":"success","data":"`+strings.Repeat("x", 20<<20)+`"}`)
		},
		"partial":       text(200, json, `{"status":"success","data":{"resultType":"matrix","result":[]},"warnings":["a store is away"]}`),
		"hangs up":      func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"never answers": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, prom := newWorld(t, "")
			prom.mu.Lock()
			prom.serve = serve
			prom.mu.Unlock()
			run := w.begin(start)
			run = w.until(run.ID, "over", ended)
			if *run.Outcome != analysis.OutcomeInconclusive {
				t.Errorf("outcome %s: %s", *run.Outcome, run.Reason)
			}
			if len(run.Reason) < 20 || strings.Contains(run.Reason, "internal error") {
				t.Errorf("this explains nothing: %q", run.Reason)
			}
			w.until(run.ID, "told", func(analysis.Run) bool { return w.hook.to("/tell") == 1 })
			if n := w.hook.to("/undo"); n != 0 {
				t.Errorf("%d rollbacks", n)
			}
			t.Log(run.Reason)
		})
	}
}

// TestNaNIsNoReasonToRollBack: 0/0 is an answer, but not a number.
func TestNaNIsNoReasonToRollBack(t *testing.T) {
	w, prom := newWorld(t, "")
	prom.mu.Lock()
	prom.nan = true
	prom.mu.Unlock()
	run := w.begin(start)
	if run = w.until(run.ID, "over", ended); *run.Outcome != analysis.OutcomeInconclusive || !strings.Contains(run.Reason, "NaN") {
		t.Errorf("outcome %s: %s", *run.Outcome, run.Reason)
	}
}
