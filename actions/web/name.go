package web

import (
	"crypto/tls"
	"net/url"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Name is a setting that names something of the vendor's, such as an application: a
// template, so that one action serves many services. What it makes is plain text;
// whoever uses it escapes it for where it lands, as Path does.
type Name struct {
	field string
	t     *config.MessageTemplate
}

// Names parses the templates of settings, and collects what is wrong with them.
type Names struct{ Problems []config.Problem }

// Parse parses one setting.
func (n *Names) Parse(field, text string, required bool) Name {
	name := Name{field: field}
	if strings.TrimSpace(text) == "" {
		if required {
			n.Add(field, "missing", field+": \"{{.Run.Service}}\"")
		}
		return name
	}
	t, err := config.ParseBodyTemplate(text, "text/plain")
	n.Note(field, err)
	name.t = t
	return name
}

// Add adds a problem.
func (n *Names) Add(field, message, hint string) {
	n.Problems = append(n.Problems, config.Problem{Field: field, Message: message, Hint: hint})
}

// Note adds what an error says, if it is one.
func (n *Names) Note(field string, err error) {
	if err != nil {
		e := analysis.AsError(err)
		n.Add(field, e.Message, strings.TrimPrefix(e.Hint, "try: "))
	}
}

// Err is the first problem as an error, for Open.
func (n *Names) Err(action string) error {
	if len(n.Problems) == 0 {
		return nil
	}
	p := n.Problems[0]
	return analysis.Errorf(analysis.Invalid, "action %s: %s: %s", action, p.Field, p.Message)
}

// Of renders the name for a delivery. An optional one that is not set is empty; one
// that comes out empty although it is set is an error, and so is one with a control
// character.
func (n Name) Of(data config.MessageData) (string, error) {
	if n.t == nil {
		return "", nil
	}
	s, err := n.t.Render(data)
	if err != nil {
		e := *analysis.AsError(err)
		e.Message = n.field + ": " + e.Message
		return "", &e
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return "", analysis.Errorf(analysis.Invalid, "%s: the template makes an empty name of this run", n.field)
	}
	if strings.ContainsFunc(s, Control) {
		return "", analysis.Errorf(analysis.Invalid, "%s: the name holds a control character", n.field)
	}
	return s, nil
}

// All renders several names for a delivery.
func All(data config.MessageData, names ...Name) ([]string, error) {
	out := make([]string, len(names))
	for i, n := range names {
		var err error
		if out[i], err = n.Of(data); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Written renders a name as if a version were the one to roll back to: it says how that
// version is written on the other side.
func (n Name) Written(data config.MessageData, version string) (string, error) {
	to := analysis.RollbackTarget{To: version}
	if data.Rollback != nil {
		to.From = data.Rollback.From
	}
	data.Rollback = &to
	return n.Of(data)
}

// Left returns how the version that is to be left is written, or nothing when that
// cannot be told: because it is not known, as when a person rolls back without a run, or
// because the template does not go by .Rollback.To.
func (n Name) Left(data config.MessageData, target analysis.RollbackTarget) (string, error) {
	if target.From == "" {
		return "", nil
	}
	from, err := n.Written(data, target.From)
	if err != nil {
		return "", err
	}
	if to, err := n.Written(data, target.To); err != nil || to == from {
		return "", err
	}
	return from, nil
}

// Path joins segments to a path, each escaped. One that is empty or leads up the path
// is refused: the request would mean something else.
func Path(segments ...string) (string, error) {
	var b strings.Builder
	for _, s := range segments {
		if s == "" || s == "." || s == ".." {
			return "", analysis.Errorf(analysis.Invalid, "a name for its URL is %q", s)
		}
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String(), nil
}

// Base checks the address of an API.
func (n *Names) Base(field, address, hint string) {
	u, err := url.Parse(address)
	switch {
	case address == "":
		n.Add(field, "missing", hint)
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		n.Add(field, "not an address that begins with http:// or https://", hint)
	case u.User != nil:
		n.Add(field, "a user name or password stands in it", "token")
	case u.RawQuery != "" || u.Fragment != "":
		n.Add(field, "has a query or a fragment", hint)
	}
}

// Token checks a credential that is sent in a header.
func (n *Names) Token(field string, token config.Secret) {
	if strings.ContainsFunc(token.Reveal(), Control) {
		n.Add(field, "holds a line break or another control character", "")
	}
}

// Required checks a credential that is sent in a header, and that must be there.
func (n *Names) Required(field string, token config.Secret, hint string) {
	n.Token(field, token)
	if token.Empty() {
		n.Add(field, "missing", hint)
	}
}

// TLS reads the files of the field tls. What it returns is good when nothing is wrong.
func (n *Names) TLS(t TLS) *tls.Config {
	files, err := t.Load()
	n.Note("tls."+files.Field, err)
	return files.Config
}

// Control reports whether a character is one that neither a header nor a name may hold.
func Control(r rune) bool { return r < ' ' || r == 0x7f }

// HeaderName reports whether a name is a token of RFC 9110, section 5.6.2.
func HeaderName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

// Target is where a delivery rolls back from and to. A delivery that names no version
// to go back to cannot be performed: nobody may guess one.
func Target(d analysis.Delivery) (analysis.RollbackTarget, error) {
	if n := d.Event.Notice; n != nil && n.Rollback != nil && n.Rollback.To != "" {
		return *n.Rollback, nil
	}
	return analysis.RollbackTarget{}, analysis.Errorf(analysis.Invalid, "the event %s names no version to roll back to", d.Event.Type).
		WithHint("use the action in on_fail, and give runs a baseline_version")
}
