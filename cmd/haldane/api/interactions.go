package api

import "net/http"

// interactions lets in what Slack tells of pressed buttons, beside the gate: it is a form
// and no JSON, it comes from outside under whatever name the daemon has there, and it
// carries a signature instead of a token. The action whose address it is checks that.
func (s *server) interactions(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", next)
	mux.HandleFunc("POST /slack/interactions/{action}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		var action http.Handler
		if s.Interactions != nil {
			action = s.Interactions(r.PathValue("action"))
		}
		if action == nil {
			refuse(w, s.Log, http.StatusNotFound, "no action of this name takes interactions (try: interactive: http in its config)")
			return
		}
		if r.ContentLength > maxBody {
			refuse(w, s.Log, http.StatusRequestEntityTooLarge, "body: larger than 1 MiB")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		action.ServeHTTP(w, r)
	})
	return mux
}
