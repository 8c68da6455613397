package api

import (
	"log/slog"
	"net/http"

	"github.com/haldane-dev/haldane/analysis"
)

// Waiting answers for a daemon that waits for its database: alive, not ready, and for
// everything else: later, and why.
func Waiting(why func() error, log *slog.Logger) http.Handler {
	s := &server{Deps: Deps{Log: log}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "5")
		refuse(w, log, http.StatusServiceUnavailable, analysis.AsError(why()).Error())
	})
	return mux
}
