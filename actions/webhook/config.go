package webhook

import (
	"crypto/tls"
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
type BasicAuth = web.BasicAuth

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
	_, found := s.compile()
	return found.Problems
}

// Open implements config.ActionSettings.
func (s *Settings) Open(env config.Env) (analysis.Action, error) {
	p, found := s.compile()
	if err := found.Err(env.Name); err != nil {
		return nil, err
	}
	return newAction(s, p, env), nil
}

// parts are the settings, parsed.
type parts struct {
	url     *config.URLTemplate
	headers map[string]*config.MessageTemplate
	body    *config.MessageTemplate // nil: Haldane's JSON
	keys    [][]byte
	tls     *tls.Config
	poll    *pollParts // nil: it is not followed
}

// compile parses the settings, and finds all that is wrong with them.
func (s *Settings) compile() (parts, *web.Names) {
	p, found := parts{headers: map[string]*config.MessageTemplate{}}, &web.Names{}
	if s.URL.Empty() {
		found.Add("url", "missing", "url: https://deploy.example.com/rollback")
	} else {
		u, err := config.ParseURLTemplate(s.URL.Reveal())
		found.Note("url", err)
		p.url = u
	}
	if !slices.Contains([]string{"POST", "PUT", "PATCH", "DELETE"}, s.Method) {
		found.Add("method", "not POST, PUT, PATCH or DELETE", "POST")
	}
	if strings.ContainsFunc(s.ContentType, func(r rune) bool { return r < ' ' || r > '~' }) || s.ContentType == "" {
		found.Add("content_type", "not a content type", "application/json")
	}
	if s.Body != "" {
		b, err := config.ParseBodyTemplate(s.Body, s.ContentType)
		found.Note("body", err)
		p.body = b
	} else if s.ContentType != "application/json" {
		found.Add("content_type", "needs a body of that type: without one Haldane's JSON is sent", "body: ...")
	}
	for i, secret := range s.Secret {
		key, err := signingKey(secret.Reveal())
		found.Note(secretField(i, len(s.Secret)), err)
		p.keys = append(p.keys, key)
	}
	s.checkHeaders(&p, found)
	s.checkAuthorization(found)
	p.tls = found.TLS(s.TLS)
	p.poll = s.compilePoll(found)
	return p, found
}
