package daemon

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// pollEvery is how often the config's files are compared with what is in force.
const pollEvery = 30 * time.Second

func (d *Daemon) load() (*config.Config, error) {
	return config.Load(d.opts.Settings.Config, Types(d.opts.Env))
}

// Reload reads the config again and, when it is sound, puts it in force. A broken
// one is refused, and the one before it stays, as with the TLS certificate. Both are events, and so is that somebody
// asked.
func (d *Daemon) Reload(ctx context.Context, by analysis.Cause) error {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	return errors.Join(d.certificates.again(), d.reload(ctx, by))
}

func (d *Daemon) reload(ctx context.Context, by analysis.Cause) error {
	if d.config.Load().Unchanged() {
		d.refused.Store(nil)
		d.stale.Set(0)
		if by.Kind != analysis.Haldane.Kind {
			d.note(ctx, analysis.EventConfigReloaded, by, "the config was read again: it is the same")
		}
		return nil
	}
	c, err := d.load()
	if err == nil {
		err = d.replace(ctx, c)
	}
	if err != nil {
		problem := refusal(err)
		was := d.refused.Swap(problem)
		if was == nil || was.Message != problem.Message || by.Kind != analysis.Haldane.Kind {
			d.log.ErrorContext(ctx, "the config is refused, the one before it stays in force", "error", problem, "by", by.String())
			d.note(ctx, analysis.EventConfigRefused, by, "the config is refused, the one before it stays in force")
		}
		d.reloads.WithLabelValues("refused").Inc()
		d.stale.Set(1)
		return problem
	}
	d.refused.Store(nil)
	d.reloads.WithLabelValues("ok").Inc()
	d.stale.Set(0)
	d.log.InfoContext(ctx, "the config was read again", "plans", len(c.Plans), "hash", c.Hash, "by", by.String())
	d.note(ctx, analysis.EventConfigReloaded, by, "a new config is in force: "+c.Hash)
	return nil
}

// note records what happened to the config. What is in force does not depend on it.
func (d *Daemon) note(ctx context.Context, typ analysis.EventType, by analysis.Cause, text string) {
	if err := d.engine.Note(ctx, typ, by, text); err != nil {
		d.log.ErrorContext(ctx, "could not be recorded", "event", typ, "by", by.String(), "error", err)
	}
}

// refusal gives a broken config one error for log, API and banner.
func refusal(err error) *analysis.Error {
	var m *config.Mistakes
	if errors.As(err, &m) {
		return analysis.Errorf(analysis.Invalid, "config: %s", strings.TrimSpace(m.Error())).Because(err)
	}
	return analysis.AsError(err)
}

// replace puts a config in force.
func (d *Daemon) replace(ctx context.Context, c *config.Config) error {
	if len(c.Tokens) == 0 && !d.opts.Settings.Loopback() {
		return analysis.Errorf(analysis.Invalid, "config: has no tokens any more, and other machines can reach the daemon")
	}
	busy, err := d.store.OpenActions(ctx)
	if err != nil {
		return err
	}
	for _, name := range busy {
		had := slices.ContainsFunc(d.config.Load().Actions, func(a config.Action) bool { return a.Name == name })
		has := slices.ContainsFunc(c.Actions, func(a config.Action) bool { return a.Name == name })
		if had && !has {
			return analysis.Errorf(analysis.Conflict, "config: action %s is gone, and deliveries still wait for it", name).
				WithHint("leave it in until they have ended")
		}
	}
	parts, setup, err := d.open(c)
	if err != nil {
		return err
	}
	d.engine.Use(setup)
	d.adopt(c, parts)
	return nil
}

// adopt remembers the config in force. What the one before it had opened may be in
// use for a little longer; its idle connections go by themselves, and what listened ends
// after what it has at hand.
func (d *Daemon) adopt(c *config.Config, parts *opened) {
	for _, w := range c.Warnings {
		d.log.Warn("config: " + w.String())
	}
	tokens := apiTokens(c)
	d.config.Store(c)
	d.tokens.Store(&tokens)
	d.hear(parts)
	if old := d.opened.Swap(parts); old != nil {
		old.hush()
	}
}

// watch reads the config again whenever its files have changed.
func (d *Daemon) watch() {
	ctx, cancel := context.WithCancel(context.Background())
	d.polling = cancel
	d.done.Go(func() {
		t := time.NewTicker(pollEvery)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				_ = d.Reload(ctx, analysis.Haldane) // says itself what is wrong
			}
		}
	})
}
