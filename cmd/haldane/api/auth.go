package api

import (
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

// cause names the caller in what is recorded.
func (c caller) cause() analysis.Cause { return analysis.Cause{Kind: "api", Who: c.name} }

// everybody is the caller where there are no tokens.
var everybody = caller{name: "local", role: RoleAdmin}

// identify finds out who sends a request: a bearer token, or, for browsers, a
// token as the password of basic authentication.
func identify(tokens []Token, h http.Header) (caller, bool) {
	if len(tokens) == 0 {
		return everybody, true
	}
	secret, ok := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	if !ok {
		r := http.Request{Header: h}
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

// authorize lets a request through to its operation when its token's role allows.
func (s *server) authorize(a huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		who, ok := identify(s.Tokens(), http.Header{"Authorization": {ctx.Header("Authorization")}})
		need, _ := ctx.Operation().Metadata[roleKey].(Role)
		switch {
		case !ok:
			ctx.SetHeader("WWW-Authenticate", `Bearer realm="haldane"`)
			_ = huma.WriteErr(a, ctx, http.StatusUnauthorized, "token: missing or not known (try: Authorization: Bearer <token>)")
		case who.role < need:
			_ = huma.WriteErr(a, ctx, http.StatusForbidden,
				"token "+who.name+": has role "+who.role.String()+", this needs "+need.String())
		default:
			next(huma.WithValue(ctx, callerKey, who))
		}
	}
}

// Guard protects pages in the same way: it answers for people, whose browsers ask
// for a token as a password, and tells the page which plans they may see. hosts
// are as in Deps.
func Guard(tokens func() []Token, hosts []string, page func(w http.ResponseWriter, r *http.Request, sees func(plan string) bool)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !KnownHost(r.Host, hosts) {
			http.Error(w, "this name is not one of this daemon's: add it to HALDANE_ALLOWED_HOSTS", http.StatusForbidden)
			return
		}
		who, ok := identify(tokens(), r.Header)
		if !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="haldane: any user name, a token as the password", charset="UTF-8"`)
			http.Error(w, "a token is needed: any user name, the token as the password", http.StatusUnauthorized)
			return
		}
		page(w, r, who.covers)
	})
}
