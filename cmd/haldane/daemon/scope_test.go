package daemon_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/cmd/haldane/api"
	"github.com/haldane-dev/haldane/config"
)

// What a token of other plans gets.
const (
	filtered = http.StatusOK        // the list, without what is not its own
	hidden   = http.StatusNotFound  // as if it did not exist
	denied   = http.StatusForbidden // whether it exists or not
)

// route is one call of the API: who may, and what those get who have other plans.
type route struct {
	method, path, body string
	role               api.Role
	others             int
}

// routes are all of them. {id}, {hold} and so on stand for one of plan shop.
var routes = []route{
	{"GET", "/api/v1/runs", "", api.RoleRead, filtered},
	{"POST", "/api/v1/runs", `{"plan":"{name}","version":"2","baseline_version":"1"}`, api.RoleStart, denied},
	{"GET", "/api/v1/runs/{id}", "", api.RoleRead, hidden},
	{"GET", "/api/v1/runs/{id}/looks", "", api.RoleRead, hidden},
	{"GET", "/api/v1/runs/{id}/events", "", api.RoleRead, hidden},
	{"GET", "/api/v1/runs/{id}/deliveries", "", api.RoleRead, hidden},
	{"GET", "/api/v1/runs/{id}/chart.svg", "", api.RoleRead, hidden},
	{"GET", "/api/v1/runs/{id}/chart.png", "", api.RoleRead, hidden},
	{"POST", "/api/v1/runs/{id}/cancel", "", api.RoleStart, hidden},
	{"POST", "/api/v1/runs/{id}/samples", `{"samples":[{"metric":"errors","value":1}]}`, api.RoleStart, hidden},
	{"POST", "/api/v1/runs/{id}/feedback", `{"right":"yes"}`, api.RoleStart, hidden},
	{"POST", "/api/v1/runs/{id}/acknowledge", "", api.RoleStart, hidden},
	{"POST", "/api/v1/runs/{id}/rollback", "", api.RoleOperate, hidden},
	{"POST", "/api/v1/runs/{id}/approve", "", api.RoleOperate, hidden},
	{"POST", "/api/v1/runs/{id}/keep", "", api.RoleOperate, hidden},
	{"GET", "/api/v1/plans", "", api.RoleRead, filtered},
	{"GET", "/api/v1/plans/{name}", "", api.RoleRead, hidden},
	{"POST", "/api/v1/plans/{name}/drill", "", api.RoleOperate, denied},
	{"POST", "/api/v1/services/{service}/rollback", `{"environment":"production","to":"1","reason":"r"}`, api.RoleOperate, denied},
	{"GET", "/api/v1/quality", "", api.RoleRead, filtered},
	{"GET", "/api/v1/events", "", api.RoleRead, filtered},
	{"GET", "/api/v1/holds", "", api.RoleRead, filtered},
	{"POST", "/api/v1/holds", `{"service":"{service}","reason":"r"}`, api.RoleOperate, denied},
	{"DELETE", "/api/v1/holds/{hold}", "", api.RoleOperate, hidden},
	{"POST", "/-/reload", "", api.RoleAdmin, denied},
}

// unlisted is what the description of the API does not have: pages need a token, the rest is
// for everybody, unless HALDANE_METRICS_AUTH says otherwise.
var unlisted = map[string]struct {
	role   api.Role
	others int
}{
	"/": {api.RoleRead, filtered}, "/runs/{id}": {api.RoleRead, hidden}, "/runs/{id}/chart.svg": {api.RoleRead, hidden},
	"/style.css": {api.RoleRead, filtered},
	"/healthz":   {api.RoleNone, filtered}, "/readyz": {api.RoleNone, filtered}, "/openapi.json": {api.RoleNone, filtered},
	"/openapi.yaml": {api.RoleNone, filtered}, "/schemas/Run.json": {api.RoleNone, filtered},
	"/metrics": {api.RoleRead, denied}, // with HALDANE_METRICS_AUTH
}

const bankPlan = `
plans:
  - name: bank
    judge: threshold
    baseline: none
    metrics:
      - {name: errors, source: prom, query: 'errors{version="{{.Version}}"}', threshold: {max: 0.5}}
    on_fail: [tell]
`

// scopeTokens has a token of each role, and three admins of some plans.
const scopeTokens = `include: ["more*.yaml"]
tokens:
  - {name: viewer, role: read, sha256: %s}
  - {name: ci, role: start, sha256: %s}
  - {name: oncall, role: operate, sha256: %s}
  - {name: boss, role: admin, sha256: %s}
  - {name: mine, role: admin, plans: ["sh[o]p"], sha256: %s}
  - {name: theirs, role: admin, plans: ["bank", "b*"], sha256: %s}
`

type scopes struct {
	*world
	run, hold string
}

func newScopes(t *testing.T) *scopes {
	text := fmt.Sprintf(scopeTokens, token("viewer"), token("ci"), token("oncall"), token("boss"), token("mine"), token("theirs"))
	w, prom := newWorld(t, text, func(s *config.Settings) { s.MetricsAuth = true }, func(s *config.Settings) {
		if err := os.WriteFile(filepath.Join(filepath.Dir(s.Config), "more.yaml"), []byte(bankPlan), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	prom.set(0.1)
	s := &scopes{world: w}
	r := s.as("boss", "POST", "/api/v1/runs", `{"plan":"shop","version":"2","baseline_version":"1"}`)
	s.run = decode[analysis.Run](w, r).ID
	s.hold = s.newHold()
	return s
}

func (s *scopes) as(who, method, path, body string) reply {
	s.Helper()
	if who == "" {
		return s.send(method, path, body)
	}
	return s.send(method, path, body, "Authorization", "Bearer "+who)
}

func (s *scopes) newHold() string {
	s.Helper()
	return decode[analysis.Hold](s.world, s.as("boss", "POST", "/api/v1/holds", `{"service":"shop","environment":"production","reason":"secret plans"}`)).ID
}

// fill puts names in the place of those in braces: of what is there, or of what is not.
func (s *scopes) fill(text string, there bool) string {
	if there {
		return strings.NewReplacer("{id}", s.run, "{hold}", s.hold, "{name}", "shop", "{service}", "shop").Replace(text)
	}
	return strings.NewReplacer("{id}", "nope", "{hold}", "nope", "{name}", "nope", "{service}", "nope").Replace(text)
}

// TestScopesOfEveryRoute walks the description of the API: every call is in the table, asks
// for its role, and tells those with other plans neither what they must not know, nor
// whether it exists.
func TestScopesOfEveryRoute(t *testing.T) {
	s := newScopes(t)
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(s.send("GET", "/openapi.json", "").body), &doc); err != nil {
		t.Fatal(err)
	}
	described := 0
	for path, methods := range doc.Paths {
		for method := range methods {
			described++
			path := strings.Replace(path, "/holds/{id}", "/holds/{hold}", 1)
			i := slices.IndexFunc(routes, func(r route) bool { return r.path == path && strings.EqualFold(r.method, method) })
			if i < 0 {
				t.Errorf("%s %s is not in the table: who may, and what do tokens of other plans get?", method, path)
			}
		}
	}
	if described != len(routes) {
		t.Errorf("%d calls are described, the table has %d", described, len(routes))
	}
	for _, r := range routes {
		t.Run(r.method+" "+r.path, func(t *testing.T) { s.try(t, r) })
	}
}

func (s *scopes) try(t *testing.T, r route) {
	path, body := s.fill(r.path, true), s.fill(r.body, true)
	if got := s.as("", r.method, path, body); got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") == "" {
		t.Errorf("as nobody: %d %s", got.status, got.body)
	}
	if got := s.as("stranger", r.method, path, body); got.status != http.StatusUnauthorized && got.status != http.StatusTooManyRequests {
		t.Errorf("as a stranger: %d %s", got.status, got.body)
	}
	for i, who := range []string{"viewer", "ci", "oncall", "boss"} {
		got := s.as(who, r.method, path, body)
		if may := api.Role(i+1) >= r.role; may != (got.status != http.StatusForbidden) || got.status == http.StatusUnauthorized {
			t.Errorf("as %s: %d %s", who, got.status, got.body)
		}
		if r.method == http.MethodDelete && got.status < 300 {
			s.hold = s.newHold()
			path = s.fill(r.path, true)
		}
	}
	other, nothing := s.as("theirs", r.method, path, body), s.as("theirs", r.method, s.fill(r.path, false), s.fill(r.body, false))
	if other.status != r.others {
		t.Errorf("with other plans: %d %s, want %d", other.status, other.body, r.others)
	}
	if a, b := s.plain(other.body), s.plain(nothing.body); other.status != nothing.status || a != b {
		t.Errorf("with other plans, what exists can be told from what does not:\n%s\n%s", a, b)
	}
	if r.others == filtered && (strings.Contains(other.body, "shop") || strings.Contains(other.body, s.run) || strings.Contains(other.body, "secret plans")) {
		t.Errorf("a list has what is not its own: %s", other.body)
	}
	if got := s.as("mine", r.method, path, body); (got.status == http.StatusForbidden || got.status == http.StatusNotFound) != (path == "/-/reload") {
		t.Errorf("with its own plan: %d %s", got.status, got.body)
	}
}

var requestIDs = regexp.MustCompile(`"request_id":"[^"]*"`)

// plain is an answer without what differs between any two.
func (s *scopes) plain(body string) string {
	return requestIDs.ReplaceAllString(strings.NewReplacer(s.run, "ID", s.hold, "ID", "nope", "ID", "shop", "ID").Replace(body), "")
}

// TestScopesOfPages: pages, and what stands beside the API.
func TestScopesOfPages(t *testing.T) {
	s := newScopes(t)
	for path, want := range unlisted {
		for i, who := range []string{"", "viewer", "theirs"} {
			got := s.as(who, "GET", s.fill(path, true), "")
			status := []int{http.StatusUnauthorized, http.StatusOK, want.others}[i]
			if want.role == api.RoleNone {
				status = http.StatusOK
			}
			if got.status != status {
				t.Errorf("%s as %q: %d %s, want %d", path, who, got.status, got.body, status)
			}
			if who == "theirs" && path != "/openapi.json" && (strings.Contains(got.body, "shop") || strings.Contains(got.body, "secret plans")) {
				t.Errorf("%s tells another team: %s", path, got.body)
			}
		}
	}
	if r := s.as("theirs", "GET", "/", ""); !strings.Contains(r.body, "No runs yet") {
		t.Errorf("the list of another team: %s", r.body)
	}
}

// TestScopedTokensActOnTheirServices: a hold of everything, of a service with a plan of
// somebody else, or of somebody else is not theirs to engage or to release.
func TestScopedTokensActOnTheirServices(t *testing.T) {
	s := newScopes(t)
	everything := decode[analysis.Hold](s.world, s.as("boss", "POST", "/api/v1/holds", `{"reason":"the platform is down"}`))
	for _, c := range []struct {
		who, method, path, body string
		status                  int
	}{
		{"mine", "POST", "/api/v1/holds", `{"reason":"r"}`, 403},
		{"mine", "POST", "/api/v1/holds", `{"environment":"production","reason":"r"}`, 403},
		{"mine", "POST", "/api/v1/holds", `{"service":"bank","reason":"r"}`, 403},
		{"mine", "POST", "/api/v1/holds", `{"service":"shop","environment":"staging","reason":"r"}`, 403},
		{"mine", "POST", "/api/v1/holds", `{"service":"shop","reason":"r"}`, 201},
		{"mine", "DELETE", "/api/v1/holds/" + everything.ID, "", 403},
		{"theirs", "DELETE", "/api/v1/holds/" + s.hold, "", 404},
		{"mine", "DELETE", "/api/v1/holds/" + s.hold, "", 200},
		{"boss", "DELETE", "/api/v1/holds/" + everything.ID, "", 200},
	} {
		if r := s.as(c.who, c.method, c.path, c.body); r.status != c.status {
			t.Errorf("%s: %s %s %s: %d %s, want %d", c.who, c.method, c.path, c.body, r.status, r.body, c.status)
		}
	}
	// A second plan of the service that is not theirs takes the service away.
	more := strings.Replace(bankPlan, "name: bank", "name: shop-too\n    service: shop", 1)
	if err := os.WriteFile(filepath.Join(s.dir, "more2.yaml"), []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := s.as("boss", "POST", "/-/reload", ""); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	for path, body := range map[string]string{
		"/api/v1/holds": `{"service":"shop","reason":"r"}`, "/api/v1/services/shop/rollback": `{"environment":"production","to":"1","reason":"r"}`,
	} {
		if r := s.as("mine", "POST", path, body); r.status != 403 {
			t.Errorf("%s of a service with somebody else's plan: %d %s", path, r.status, r.body)
		}
	}
}
