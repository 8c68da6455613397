package webhook

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Settings are the settings of one webhook.
type Settings struct {
	config.ActionCommon `yaml:",inline"`

	URL         config.Secret            `yaml:"url" doc:"where to send; templates in its path and query only, every value escaped"`
	Method      string                   `yaml:"method" doc:"of the request" jsonschema:"enum=POST,enum=PUT,enum=PATCH,enum=DELETE"`
	Secret      SigningSecrets           `yaml:"secret" doc:"whsec_ and base64, signs each request as Standard Webhooks does; a list while rotating: new first, then old"`
	Headers     map[string]config.Secret `yaml:"headers" doc:"further headers; templates allowed in their values"`
	Body        string                   `yaml:"body" doc:"template of the body, escaped by content_type; default: Haldane's JSON"`
	ContentType string                   `yaml:"content_type" doc:"of the body"`
	ChangeWorld bool                     `yaml:"changes_world" doc:"true: it rolls back and the like, so it waits for holds; false: it only tells"`
	TLS         TLS                      `yaml:"tls" doc:"how to speak TLS with the receiver"`
	BearerToken config.Secret            `yaml:"bearer_token" doc:"sent as Authorization: Bearer"`
	BasicAuth   *BasicAuth               `yaml:"basic_auth" doc:"sent as Authorization: Basic"`
	Poll        *Poll                    `yaml:"poll" doc:"how to find out what became of a request that was accepted; default: it is not followed"`
}

// BasicAuth is a user name with its password.
type BasicAuth struct {
	Username string        `yaml:"username" doc:"user name"`
	Password config.Secret `yaml:"password" doc:"password"`
}

// SigningSecrets are one secret or, while rotating, several.
type SigningSecrets []config.Secret

// UnmarshalYAML implements yaml.Unmarshaler.
func (s *SigningSecrets) UnmarshalYAML(n *yaml.Node) error {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	*s = make(SigningSecrets, len(items))
	for i, item := range items {
		if err := item.Decode(&(*s)[i]); err != nil {
			return err
		}
	}
	return nil
}

// New returns the settings with their defaults.
func New() config.ActionSettings {
	return &Settings{
		ActionCommon: config.ActionCommon{Timeout: analysis.Duration(10 * time.Second)},
		Method:       http.MethodPost, ContentType: "application/json", ChangeWorld: true,
	}
}

var (
	_ config.ActionSettings = (*Settings)(nil)
	_ config.FollowSettings = (*Settings)(nil)
)

// ChangesWorld implements config.ActionSettings.
func (s *Settings) ChangesWorld() bool { return s.ChangeWorld }

// Threads implements config.ActionSettings: each request stands alone.
func (s *Settings) Threads() bool { return false }

// Check implements config.ActionSettings.
func (s *Settings) Check() []config.Problem {
	_, problems := s.compile()
	return problems
}

// Open implements config.ActionSettings.
func (s *Settings) Open(env config.Env) (analysis.Action, error) {
	parts, problems := s.compile()
	if len(problems) > 0 {
		p := problems[0]
		return nil, analysis.Errorf(analysis.Invalid, "action %s: %s: %s", env.Name, p.Field, p.Message)
	}
	return newAction(s, parts, env), nil
}

// parts are the settings, parsed.
type parts struct {
	url     *config.URLTemplate
	headers map[string]*config.MessageTemplate
	body    *config.MessageTemplate // nil: Haldane's JSON
	keys    [][]byte
	tls     *web.TLSFiles
	poll    *pollParts // nil: it is not followed
}

// compile parses the settings, and finds all that is wrong with them.
func (s *Settings) compile() (parts, []config.Problem) {
	p, found := parts{headers: map[string]*config.MessageTemplate{}}, problems{}
	if s.URL.Empty() {
		found.add("url", "missing", "url: https://deploy.example.com/rollback")
	} else {
		u, err := config.ParseURLTemplate(s.URL.Reveal())
		found.note("url", err)
		p.url = u
	}
	if !slices.Contains([]string{"POST", "PUT", "PATCH", "DELETE"}, s.Method) {
		found.add("method", "not POST, PUT, PATCH or DELETE", "POST")
	}
	if strings.ContainsFunc(s.ContentType, func(r rune) bool { return r < ' ' || r > '~' }) || s.ContentType == "" {
		found.add("content_type", "not a content type", "application/json")
	}
	if s.Body != "" {
		b, err := config.ParseBodyTemplate(s.Body, s.ContentType)
		found.note("body", err)
		p.body = b
	} else if s.ContentType != "application/json" {
		found.add("content_type", "needs a body of that type: without one Haldane's JSON is sent", "body: ...")
	}
	for i, secret := range s.Secret {
		key, err := signingKey(secret.Reveal())
		found.note(secretField(i, len(s.Secret)), err)
		p.keys = append(p.keys, key)
	}
	s.checkHeaders(&p, &found)
	s.checkAuthorization(&found)
	files, err := s.TLS.Load()
	found.note("tls."+cmp.Or(files.Field, "ca"), err)
	p.tls = files
	p.poll = s.compilePoll(&found)
	return p, found.list
}

// problems collects what is wrong.
type problems struct{ list []config.Problem }

func (p *problems) add(field, message, hint string) {
	p.list = append(p.list, config.Problem{Field: field, Message: message, Hint: hint})
}

func (p *problems) note(field string, err error) {
	if err != nil {
		e := analysis.AsError(err)
		p.add(field, e.Message, strings.TrimPrefix(e.Hint, "try: "))
	}
}
