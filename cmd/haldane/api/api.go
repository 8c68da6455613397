package api

import (
	"log/slog"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/haldane-dev/haldane/analysis"
)

// Deps are the parts of the house that the API speaks for.
type Deps struct {
	Reader   analysis.Reader
	Samples  analysis.SampleReader // for pictures; nil: there are none
	Writer   analysis.Writer
	Driller  analysis.Driller // nil: no drills
	Plans    analysis.Plans
	Prober   analysis.Prober
	Reloader analysis.Reloader
	Metrics  http.Handler
	Log      *slog.Logger
	Version  string
	// Tokens returns those in force; none at all lets everybody do everything,
	// which the daemon allows on loopback only.
	Tokens func() []Token
	// MetricsAuth asks for a token on /metrics, too.
	MetricsAuth bool
	// Hosts are further names under which the daemon may be addressed.
	Hosts []string
	// Interactions returns what answers to the buttons in an action's messages, or nil.
	Interactions func(action string) http.Handler
}

// maxBody is far above any request that makes sense.
const maxBody = 1 << 20

type server struct{ Deps }

// New returns the handler of the whole API.
func New(d Deps) http.Handler {
	s := &server{d}
	mux := http.NewServeMux()
	a := humago.New(mux, s.config())
	a.UseMiddleware(s.authorize(a))
	s.runs(a)
	s.samples(a)
	s.feedback(a)
	if d.Samples != nil {
		s.charts(a)
	}
	s.plans(a)
	if d.Driller != nil {
		s.drill(a)
	}
	s.holds(a)
	s.services(a)
	s.reload(a)
	openReplies(a.OpenAPI())
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", s.metrics())
	return s.interactions(s.gate(mux))
}

// Paths lists the roots that New answers, for the daemon's mux.
func Paths() []string {
	return []string{"/api/", "/-/", "/healthz", "/readyz", "/metrics", "/slack/", "/openapi.json", "/openapi.yaml", "/schemas/"}
}

func (s *server) config() huma.Config {
	c := huma.DefaultConfig("Haldane", s.Version)
	c.Info.Description = "Automated release analysis and rollback."
	c.DocsPath = ""     // huma's page loads its scripts from elsewhere
	c.CreateHooks = nil // no $schema in every reply
	c.RejectUnknownQueryParameters = true
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "A token of the config, as it is before hashing."},
	}
	c.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[analysis.Number](), reflect.TypeFor[number]())
	return c
}

// openReplies lets clients that are made from the description accept fields that
// are added later. Requests stay closed: a field that is not known is a mistake.
func openReplies(doc *huma.OpenAPI) {
	schemas := doc.Components.Schemas.Map()
	requests := map[string]bool{}
	var closed func(schema *huma.Schema) // with all that is inside
	closed = func(schema *huma.Schema) {
		if schema == nil || requests[schema.Ref] {
			return
		}
		if schema.Ref != "" {
			requests[schema.Ref] = true
			closed(schemas[strings.TrimPrefix(schema.Ref, schemaPrefix)])
		}
		closed(schema.Items)
		for _, property := range schema.Properties {
			closed(property)
		}
	}
	for _, path := range doc.Paths {
		for _, op := range []*huma.Operation{path.Post, path.Put, path.Patch, path.Delete} {
			if op == nil || op.RequestBody == nil {
				continue
			}
			for _, content := range op.RequestBody.Content {
				closed(content.Schema)
			}
		}
	}
	for name, schema := range schemas {
		if schema.Type == huma.TypeObject && !requests[schemaPrefix+name] && schema.AdditionalProperties == false {
			schema.AdditionalProperties = true
		}
	}
}

const schemaPrefix = "#/components/schemas/"

// number documents analysis.Number.
type number struct{}

// Schema implements huma.SchemaProvider.
func (number) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeNumber},
		{Type: huma.TypeString, Enum: []any{"NaN", "+Inf", "-Inf"}},
	}}
}

// operation describes one call; the role is both documented and enforced.
func operation(method, path, id, summary string, role Role, errors ...int) huma.Operation {
	errors = append(errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable)
	if method == http.MethodPost {
		errors = append(errors, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Summary: summary, MaxBodyBytes: maxBody,
		Description: "Needs role " + role.String() + ".",
		Metadata:    map[string]any{roleKey: role},
		Security:    []map[string][]string{{"token": {}}},
		Errors:      errors,
	}
}
