package webhook

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/vm"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Poll says how to find out what became of a request that was accepted.
type Poll struct {
	URL      config.Secret     `yaml:"url" doc:"where to ask; templates in its path and query; default: the reply's Location header"`
	Location string            `yaml:"location" doc:"expression over the reply that gives the address, absolute or relative to url; instead of poll.url"`
	Next     string            `yaml:"next" doc:"expression over an answer that gives another address to ask from then on; empty or nil: the same"`
	Hosts    []string          `yaml:"hosts" doc:"further hosts that may be asked, host or host:port; they are sent no credentials"`
	Every    analysis.Duration `yaml:"every" doc:"how often; default: 5s"`
	Deadline analysis.Duration `yaml:"deadline" doc:"how long it may take until it counts as failed; default: 15m"`
	Done     string            `yaml:"done" doc:"expression: true when it is done; required"`
	Failed   string            `yaml:"failed" doc:"expression: true when it has finally failed"`
	Progress string            `yaml:"progress" doc:"expression: how far it is, for people"`
}

// The defaults of a Poll.
const (
	pollEvery    = analysis.Duration(5 * time.Second)
	pollDeadline = analysis.Duration(15 * time.Minute)
)

func (p *Poll) every() analysis.Duration    { return cmp.Or(p.Every, pollEvery) }
func (p *Poll) deadline() analysis.Duration { return cmp.Or(p.Deadline, pollDeadline) }

// FollowFor implements config.FollowSettings.
func (s *Settings) FollowFor() analysis.Duration {
	if s.Poll == nil {
		return 0
	}
	return s.Poll.deadline()
}

// pollParts is a Poll, parsed.
type pollParts struct {
	url                                    *config.URLTemplate // nil: the reply says it
	location, next, done, failed, progress *vm.Program
	hosts                                  []string
}

// compilePoll parses the poll, and finds all that is wrong with it.
func (s *Settings) compilePoll(found *web.Names) *pollParts {
	p := s.Poll
	if p == nil {
		return nil
	}
	out := &pollParts{}
	for field, e := range map[string]struct {
		text string
		into **vm.Program
	}{
		"location": {p.Location, &out.location}, "next": {p.Next, &out.next}, "done": {p.Done, &out.done},
		"failed": {p.Failed, &out.failed}, "progress": {p.Progress, &out.progress},
	} {
		program, err := compileExpression(e.text)
		found.Note("poll."+field, err)
		*e.into = program
	}
	if strings.TrimSpace(p.Done) == "" {
		found.Add("poll.done", "missing", `done: body.status == "succeeded"`)
	}
	if p.Every < 0 || p.Deadline < 0 || p.every() > p.deadline() {
		found.Add("poll.every", "negative, or longer than poll.deadline", "every: 5s")
	}
	out.hosts = p.hostList(found)
	slices.SortFunc(found.Problems, func(a, b config.Problem) int { return strings.Compare(a.Field, b.Field) })
	if p.URL.Empty() {
		return out
	}
	if p.Location != "" {
		found.Add("poll.location", "stands beside poll.url", "one of the two")
	}
	u, err := config.ParseURLTemplate(p.URL.Reveal())
	found.Note("poll.url", err)
	out.url = u
	if err == nil {
		s.checkPollHost(u, out, found)
	}
	return out
}

// hostList reads the further hosts.
func (p *Poll) hostList(found *web.Names) []string {
	var out []string
	for _, h := range p.Hosts {
		u, err := url.Parse("https://" + h)
		if err != nil || u.Host != h || u.Hostname() == "" {
			found.Add("poll.hosts", "not a host, or host:port", "[ci.example.com]")
			continue
		}
		out = append(out, hostPort(u))
	}
	return out
}

// checkPollHost compares the poll's host with the action's.
func (s *Settings) checkPollHost(u *config.URLTemplate, out *pollParts, found *web.Names) {
	own, err := url.Parse(s.origin())
	if err != nil {
		return // said at url
	}
	to, err := url.Parse(u.Origin)
	if err == nil && own.Host != "" && !out.allowed(own, to) {
		found.Add("poll.url", "its host is not that of url", "poll.hosts: ["+u.Host+"]")
	}
}

// origin is the scheme and host of the action's URL, or nothing.
func (s *Settings) origin() string {
	u, err := config.ParseURLTemplate(s.URL.Reveal())
	if err != nil {
		return ""
	}
	return u.Origin
}

// allowed reports whether an address may be asked: it is of the same host, or of one
// that is listed, and nothing that was encrypted goes on in the open.
func (p *pollParts) allowed(own, to *url.URL) bool {
	if to.Scheme != "https" && to.Scheme != own.Scheme || to.User != nil {
		return false
	}
	return sameHost(own, to) || slices.Contains(p.hosts, hostPort(to)) || to.Port() == "" && slices.Contains(p.hosts, to.Hostname())
}

// sameHost reports whether credentials for one address may be sent to another.
func sameHost(a, b *url.URL) bool { return a.Scheme == b.Scheme && hostPort(a) == hostPort(b) }

// hostPort is a host with its port, in one spelling.
func hostPort(u *url.URL) string {
	ports := map[string]string{"http": "80", "https": "443"}
	return strings.ToLower(u.Hostname()) + ":" + cmp.Or(u.Port(), ports[u.Scheme])
}
