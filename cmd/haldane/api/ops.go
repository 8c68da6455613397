package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/haldane-dev/haldane/analysis"
)

// healthz says that the process serves requests, and nothing more.
func (s *server) healthz(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte("ok\n"))
}

// readyz says whether work can be recorded.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	if err := s.Prober.Ready(r.Context()); err != nil {
		refuse(w, s.Log, http.StatusServiceUnavailable, analysis.AsError(err).Error())
		return
	}
	_, _ = w.Write([]byte("ready\n"))
	if several, ok := s.Prober.(interface{ Mismatch() string }); ok && several.Mismatch() != "" {
		_, _ = w.Write([]byte(several.Mismatch() + "\n"))
	}
}

func (s *server) metrics() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.MetricsAuth {
			switch who := from(r.Context()); {
			case who.role == RoleNone:
				w.Header().Set("WWW-Authenticate", `Bearer realm="haldane"`)
				refuse(w, s.Log, http.StatusUnauthorized, "token: missing or not known")
				return
			case who.limited():
				refuse(w, s.Log, http.StatusForbidden, "token "+who.name+": is limited to some plans, the metrics are of all")
				return
			}
		}
		s.Metrics.ServeHTTP(w, r)
	})
}

func (s *server) reload(a huma.API) {
	op := operation(http.MethodPost, "/-/reload", "reload", "Read the config again", RoleAdmin, http.StatusUnprocessableEntity)
	op.DefaultStatus = http.StatusNoContent
	huma.Register(a, op, func(ctx context.Context, _ *struct{}) (*struct{}, error) {
		if err := s.acts(from(ctx), "", ""); err != nil {
			return nil, s.problem(ctx, err)
		}
		if err := s.Reloader.Reload(ctx, cause(ctx)); err != nil {
			return nil, s.problem(ctx, err)
		}
		return nil, nil
	})
}
