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
	// ClientCertificate wants a verified certificate of every client.
	ClientCertificate bool
	// RateLimit is how many requests a client may send a second; 0 is any number.
	RateLimit int
	// Pages answer people at every other path, who may see some plans; nil: there are none.
	Pages func(w http.ResponseWriter, r *http.Request, scope analysis.Scope)
	// Hosts are further names under which the daemon may be addressed.
	Hosts []string
	// Interactions returns what answers to the buttons in an action's messages, or nil.
	Interactions func(action string) http.Handler
}

// maxBody is far above any request that makes sense.
const maxBody = 1 << 20

// Limits. A client may send ten seconds' worth of requests at once. Wrong tokens are far
// rarer: a person who mistypes has ten, and then one every six seconds.
const (
	burstSeconds = 10
	guessRate    = 1.0 / 6
	guessBurst   = 10
)

type server struct {
	Deps
	requests *limiter // nil: no limit
	guesses  *limiter
}

// New returns the handler of everything: the API, and the pages behind the same door.
func New(d Deps) http.Handler {
	s := &server{Deps: d, guesses: newLimiter(guessRate, guessBurst)}
	if d.RateLimit > 0 {
		s.requests = newLimiter(float64(d.RateLimit), float64(d.RateLimit*burstSeconds))
	}
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
	s.events(a)
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
	return s.door(s.interactions(s.withPages(s.gate(mux))))
}

// withPages lets the pages answer what is not the API's.
func (s *server) withPages(machines http.Handler) http.Handler {
	if s.Pages == nil {
		return machines
	}
	mux := http.NewServeMux()
	for _, path := range []string{"/api/", "/-/", "/healthz", "/readyz", "/metrics", "/slack/", "/openapi.json", "/openapi.yaml", "/schemas/"} {
		mux.Handle(path, machines)
	}
	mux.HandleFunc("/", s.page)
	return mux
}

func (s *server) config() huma.Config {
	c := huma.DefaultConfig("Haldane", s.Version)
	c.Info.Description = "Automated release analysis and rollback."
	c.DocsPath = ""     // huma's page loads its scripts from elsewhere
	c.CreateHooks = nil // no $schema in every reply
	c.RejectUnknownQueryParameters = true
	c.Transformers = append(c.Transformers, func(ctx huma.Context, _ string, v any) (any, error) {
		if m, ok := v.(*huma.ErrorModel); ok {
			return withRequest{m, analysis.RequestOf(ctx.Context())}, nil
		}
		return v, nil
	})
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
