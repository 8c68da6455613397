package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"path"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/haldane-dev/haldane/analysis"
)

// Role is what a token may do; each includes those before it.
type Role int

// The roles.
const (
	RoleNone Role = iota
	RoleRead
	RoleStart
	RoleOperate
	RoleAdmin
)

var roleNames = [...]string{"none", "read", "start", "operate", "admin"}

// String returns the role's name in the config.
func (r Role) String() string { return roleNames[r] }

// ParseRole reads a role's name.
func ParseRole(name string) (Role, bool) {
	for r := RoleRead; r <= RoleAdmin; r++ {
		if roleNames[r] == name {
			return r, true
		}
	}
	return RoleNone, false
}

// Token is a configured token, known by its hash.
type Token struct {
	Name   string
	Role   Role
	SHA256 [sha256.Size]byte
	Plans  []string // patterns of path.Match; none: all plans
}

// caller is who sends a request.
type caller struct {
	name  string
	role  Role
	plans []string
}

// covers reports whether the caller may see and touch a plan.
func (c caller) covers(plan string) bool {
	if len(c.plans) == 0 {
		return true
	}
	for _, pattern := range c.plans {
		if ok, _ := path.Match(pattern, plan); ok {
			return true
		}
	}
	return false
}

// everybody is the caller where there are no tokens.
var everybody = caller{name: "local", role: RoleAdmin}

// identify finds out who sends a request: a bearer token, or, for browsers, a
// token as the password of basic authentication.
func (s *server) identify(r *http.Request) (caller, bool) {
	tokens := s.Tokens()
	if len(tokens) == 0 {
		return everybody, true
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		var ok bool
		if _, secret, ok = r.BasicAuth(); !ok {
			return caller{}, false
		}
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(secret)))
	var found caller
	known := false
	for _, t := range tokens { // all of them, so that time tells nothing
		if subtle.ConstantTimeCompare(sum[:], t.SHA256[:]) == 1 {
			found, known = caller{t.Name, t.Role, t.Plans}, true
		}
	}
	return found, known
}

const (
	roleKey   = "role"
	callerKey = contextKey("caller")
)

type contextKey string

// from returns who sends the request.
func from(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey).(caller)
	return c
}

// cause names the sender in what is recorded, and the request.
func cause(ctx context.Context) analysis.Cause {
	return analysis.Cause{Kind: "api", Who: from(ctx).name, Request: analysis.RequestOf(ctx)}
}

// authorize lets a request through to its operation when its token's role allows.
func (s *server) authorize(a huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		who := from(ctx.Context())
		need, _ := ctx.Operation().Metadata[roleKey].(Role)
		switch {
		case who.role == RoleNone:
			ctx.SetHeader("WWW-Authenticate", `Bearer realm="haldane"`)
			_ = huma.WriteErr(a, ctx, http.StatusUnauthorized, "token: missing or not known (try: Authorization: Bearer <token>)")
		case who.role < need:
			_ = huma.WriteErr(a, ctx, http.StatusForbidden,
				"token "+who.name+": has role "+who.role.String()+", this needs "+need.String())
		default:
			next(ctx)
		}
	}
}

// page protects pages in the same way: it answers for people, whose browsers ask for a
// token as a password, and tells the page which plans they may see.
func (s *server) page(w http.ResponseWriter, r *http.Request) {
	if !KnownHost(r.Host, s.Hosts) {
		http.Error(w, "this name is not one of this daemon's: add it to HALDANE_ALLOWED_HOSTS", http.StatusForbidden)
		return
	}
	who := from(r.Context())
	if who.role == RoleNone {
		w.Header().Set("WWW-Authenticate", `Basic realm="haldane: any user name, a token as the password", charset="UTF-8"`)
		http.Error(w, "a token is needed: any user name, the token as the password", http.StatusUnauthorized)
		return
	}
	s.Pages(w, r, who.scope())
}
