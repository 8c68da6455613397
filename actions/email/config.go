package email

import (
	"crypto/tls"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Settings are the settings of one server and its recipients.
type Settings struct {
	config.ActionCommon `yaml:",inline"`

	Server   string        `yaml:"server" doc:"host and port of the SMTP server: smtp.example.com:587"`
	Security string        `yaml:"security" doc:"starttls, tls (from the first byte, usually port 465), or none" jsonschema:"enum=starttls,enum=tls,enum=none"`
	TLS      web.TLS       `yaml:"tls" doc:"of the connection"`
	Username string        `yaml:"username" doc:"to sign in with; default: nobody signs in"`
	Password config.Secret `yaml:"password" doc:"its password"`
	From     string        `yaml:"from" doc:"the sender: Haldane <haldane@example.com>"`
	To       []string      `yaml:"to" doc:"recipients, each an address or a template of one"`
}

// What security may be.
const (
	startTLS = "starttls"
	fullTLS  = "tls"
	noTLS    = "none"
)

// New returns the settings with their defaults.
func New() config.ActionSettings {
	return &Settings{
		ActionCommon: config.ActionCommon{Timeout: analysis.Duration(30 * time.Second)}, Security: startTLS,
	}
}

var _ config.ActionSettings = (*Settings)(nil)

// ChangesWorld implements config.ActionSettings.
func (s *Settings) ChangesWorld() bool { return false }

// Threads implements config.ActionSettings: the mails of a run are one thread.
func (s *Settings) Threads() bool { return true }

// Check implements config.ActionSettings.
func (s *Settings) Check() []config.Problem {
	_, found := s.compile()
	return found.Problems
}

// parts are the settings, parsed.
type parts struct {
	host string
	port int
	from *mail.Address
	to   []web.Name
	tls  *tls.Config
}

// compile parses the settings, and finds all that is wrong with them.
func (s *Settings) compile() (parts, *web.Names) {
	p, found := parts{}, &web.Names{}
	host, port, err := net.SplitHostPort(s.Server)
	if p.port, _ = strconv.Atoi(port); err != nil || host == "" || p.port < 1 || p.port > 65535 {
		found.Add("server", "not a host with a port", "smtp.example.com:587")
	}
	p.host = host
	if s.Security != startTLS && s.Security != fullTLS && s.Security != noTLS {
		found.Add("security", "not starttls, tls or none", startTLS)
	}
	if p.from, err = mail.ParseAddress(s.From); err != nil {
		found.Add("from", "not an address", "Haldane <haldane@example.com>")
	}
	if len(s.To) == 0 {
		found.Add("to", "missing", "[oncall@example.com]")
	}
	for i, to := range s.To {
		field := "to[" + strconv.Itoa(i) + "]"
		if _, err := mail.ParseAddress(to); err != nil && !strings.Contains(to, "{{") {
			found.Add(field, "not an address", "oncall@example.com")
			continue
		}
		p.to = append(p.to, found.Parse(field, to, true))
	}
	switch {
	case (s.Username == "") != s.Password.Empty():
		found.Add("password", "username and password go together", "both, or none")
	case s.Username != "" && s.Security == noTLS:
		found.Add("security", "none: the password would be sent in the clear", startTLS)
	case strings.ContainsFunc(s.Username+s.Password.Reveal(), func(r rune) bool { return r == 0 }):
		found.Add("password", "holds a character that cannot be sent", "")
	}
	if p.tls = found.TLS(s.TLS); p.tls.ServerName == "" {
		p.tls.ServerName = host
	}
	return p, found
}

// Open implements config.ActionSettings.
func (s *Settings) Open(env config.Env) (analysis.Action, error) {
	p, found := s.compile()
	if err := found.Err(env.Name); err != nil {
		return nil, err
	}
	secrets := []string{s.Password.Reveal(), "\x00" + s.Username + "\x00" + s.Password.Reveal()}
	return &Action{
		who: "email " + env.Name + " at " + s.Server, settings: s, words: s.Composer(env), parts: p, version: env.Version,
		dial: dialer(env.Egress, s.Timeout.Std()), redact: config.NewRedactor(secrets...),
	}, nil
}
