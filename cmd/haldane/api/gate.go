package api

import (
	"encoding/json"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// gate refuses what no handler should have to think about.
func (s *server) gate(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		if !KnownHost(r.Host, s.Hosts) {
			refuse(w, s.Log, http.StatusForbidden,
				"host "+printable(r.Host)+": not a name of this daemon (try: add it to HALDANE_ALLOWED_HOSTS)")
			return
		}
		if err := origins.Check(r); err != nil {
			refuse(w, s.Log, http.StatusForbidden, "origin: a page of another site may not write here")
			return
		}
		if hasBody(r) && !isJSON(r.Header.Get("Content-Type")) {
			refuse(w, s.Log, http.StatusUnsupportedMediaType, "content type: must be application/json (try: -H 'Content-Type: application/json')")
			return
		}
		if r.ContentLength > maxBody {
			refuse(w, s.Log, http.StatusRequestEntityTooLarge, "body: larger than 1 MiB")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody+1)
		next.ServeHTTP(w, r)
	})
}

func hasBody(r *http.Request) bool {
	return r.ContentLength != 0 && r.Method != http.MethodGet && r.Method != http.MethodHead
}

func isJSON(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && t == "application/json"
}

// KnownHost reports whether a request's Host can be meant for this daemon. A page
// on the internet can make its own name point to a private address and so let a
// browser inside call us; what it cannot take are addresses, names without a dot,
// the cluster's own names, and those that the operator listed.
func KnownHost(host string, more []string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if name == "" {
		return false
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return !strings.Contains(name, ".") ||
		strings.HasSuffix(name, ".svc") || strings.HasSuffix(name, ".svc.cluster.local") || strings.HasSuffix(name, ".localhost") ||
		slices.ContainsFunc(more, func(m string) bool { return strings.EqualFold(m, name) })
}

// printable keeps a name that a stranger chose short and harmless.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' {
			return '?'
		}
		return r
	}, s)
	if len(s) > 100 {
		s = s[:100] + "..."
	}
	return `"` + s + `"`
}

func writeJSON(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }
