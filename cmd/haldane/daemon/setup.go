package daemon

import (
	"context"
	"io"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/haldane-dev/haldane/actions"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/analysis/engine"
	"github.com/haldane-dev/haldane/cmd/haldane/api"
	"github.com/haldane-dev/haldane/config"
	"github.com/haldane-dev/haldane/sources"
)

// Types are the tables of all vendors.
func Types(env func(string) (string, bool)) config.Types {
	return config.Types{Sources: sources.Types(), Actions: actions.Types(), Judges: Judges(), Env: env}
}

// Judges are the methods that this build has.
func Judges() []analysis.JudgeName {
	return []analysis.JudgeName{analysis.JudgeSequential, analysis.JudgeKayenta, analysis.JudgeThreshold}
}

// opened are the sources and actions made of one config.
type opened struct {
	sources map[string]engine.Source
	actions map[string]engine.Action
	hush    context.CancelFunc // ends what listens
}

// close lets go of connections of those that hold any.
func (o *opened) close() {
	for _, s := range o.sources {
		if c, ok := s.Source.(io.Closer); ok {
			_ = c.Close()
		}
	}
	for _, a := range o.actions {
		if c, ok := a.Action.(io.Closer); ok {
			_ = c.Close()
		}
	}
}

// open makes everything that a config names. Nothing is reached out to.
func (d *Daemon) open(c *config.Config) (*opened, *engine.Setup, error) {
	o := &opened{sources: map[string]engine.Source{}, actions: map[string]engine.Action{}, hush: func() {}}
	env := config.Env{Log: d.log, Version: d.opts.Version, Egress: c.Egress, Shared: &d.shared}
	for _, s := range c.Sources {
		env.Name = s.Name
		src, err := s.Settings.Open(env)
		if err != nil {
			o.close()
			return nil, nil, err
		}
		o.sources[s.Name] = engine.Source{Source: src, Delay: s.Settings.Common().Delay.Std()}
	}
	for _, a := range c.Actions {
		env.Name = a.Name
		act, err := a.Settings.Open(env)
		if err != nil {
			o.close()
			return nil, nil, err
		}
		o.actions[a.Name] = engine.Action{
			Action: act, ChangesWorld: a.Settings.ChangesWorld(), Threads: a.Settings.Threads(), FollowFor: followFor(a.Settings),
			MaxPerMinute: a.Settings.Common().Limit(),
		}
	}
	m := c.Guards.ManyServices
	setup := &engine.Setup{
		Hash: c.Hash, Plans: map[string]*analysis.Plan{}, Sources: o.sources, Actions: o.actions,
		Guards: engine.Guards{
			MaxRollbacksPerHour: c.Guards.MaxRollbacksPerHour,
			ManyServices:        engine.ManyServices{Services: m.Services, Within: m.Within.Std(), HoldFor: m.HoldFor.Std()},
		},
		Keep:   c.Keep.Std(),
		Render: config.NewQueries().Render,
	}
	for _, f := range c.Guards.Freezes {
		freeze, err := engine.NewFreeze(f.Name, f.Cron, f.TimeZone, f.For.Std(), f.Services, f.Environments)
		if err != nil {
			o.close()
			return nil, nil, err
		}
		setup.Guards.Freezes = append(setup.Guards.Freezes, freeze)
	}
	for i := range c.Plans {
		setup.Plans[c.Plans[i].Name] = &c.Plans[i]
	}
	return o, setup, nil
}

func followFor(s config.ActionSettings) time.Duration {
	if f, ok := s.(config.FollowSettings); ok {
		return f.FollowFor().Std()
	}
	return 0
}

// apiTokens are a config's tokens as the API wants them.
func apiTokens(c *config.Config) []api.Token {
	var out []api.Token
	for _, t := range c.Tokens {
		role, ok := api.ParseRole(string(t.Role))
		if !ok {
			continue // the config was checked
		}
		out = append(out, api.Token{Name: t.Name, Role: role, SHA256: t.SHA256, Plans: slices.Clone(t.Plans)})
	}
	return out
}

// hosts are the names under which the daemon may be addressed, besides those that
// nobody else can have.
func (d *Daemon) hosts() []string {
	hosts := slices.Clone(d.opts.Settings.AllowedHosts)
	if u, err := url.Parse(d.opts.Settings.ExternalURL); err == nil && u.Host != "" {
		hosts = append(hosts, u.Hostname())
	}
	if h, _, err := net.SplitHostPort(d.opts.Settings.Listen); err == nil && h != "" {
		hosts = append(hosts, h)
	}
	return hosts
}
