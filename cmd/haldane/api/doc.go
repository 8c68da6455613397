// Package api is the face for machines: JSON over HTTP under /api/v1, described by
// /openapi.json, with errors as RFC 9457 problems, and /healthz, /readyz, /metrics.
// It turns requests into calls of the ports in package analysis and knows nothing
// else of the house.
//
// Who may do what is decided here (auth.go): a token has one of the roles read <
// start < operate < admin, and may be limited to some plans. What must never pass
// is refused before any of it (gate.go): foreign origins, unknown hosts, bodies
// that are no JSON or too large.
//
// Start reading at api.go.
package api
