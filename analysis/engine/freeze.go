package engine

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/haldane-dev/haldane/analysis"
)

// Freeze is a time that comes again and again in which Haldane rolls nothing back by
// itself.
type Freeze struct {
	Name                   string
	begins                 cron.Schedule
	lasts                  time.Duration
	services, environments []string // patterns; none: all
}

// NewFreeze makes a Freeze that begins by a cron expression in a time zone.
func NewFreeze(name, expression, zone string, lasts time.Duration, services, environments []string) (Freeze, error) {
	begins, err := cron.ParseStandard("CRON_TZ=" + zone + " " + expression)
	if err != nil {
		return Freeze{}, analysis.Errorf(analysis.Invalid, "freeze %s: %q: not understood", name, expression).Because(err)
	}
	return Freeze{name, begins, lasts, services, environments}, nil
}

// until returns when the freeze that is on at a time ends, if one is. It looks for its
// last beginning by halves: one of every minute and a year is a million beginnings.
func (f *Freeze) until(now time.Time) (time.Time, bool) {
	last := f.begins.Next(now.Add(-f.lasts))
	if last.IsZero() || last.After(now) {
		return time.Time{}, false
	}
	for after := now; ; { // no beginning is in (after, now]
		next := f.begins.Next(last)
		if next.IsZero() || next.After(now) {
			return last.Add(f.lasts), now.Before(last.Add(f.lasts))
		}
		last = next
		middle := last.Add(after.Sub(last) / 2)
		if next = f.begins.Next(middle); next.IsZero() || next.After(now) {
			after = middle
		} else {
			last = next
		}
	}
}

func (f *Freeze) covers(service, environment string) bool {
	return matchesAny(f.services, service) && matchesAny(f.environments, environment)
}

func matchesAny(patterns []string, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}

// frozen returns the freeze that is on for a service, and when it ends.
func (g *Guards) frozen(service, environment string, now time.Time) (*Freeze, time.Time, bool) {
	for i := range g.Freezes {
		if f := &g.Freezes[i]; f.covers(service, environment) {
			if until, on := f.until(now); on {
				return f, until, true
			}
		}
	}
	return nil, time.Time{}, false
}

// freezes shows those that are on as holds are shown. They cannot be released: a person
// rolls back by hand meanwhile.
func (g *Guards) freezes(now time.Time) []analysis.Hold {
	var out []analysis.Hold
	for i := range g.Freezes {
		f := &g.Freezes[i]
		until, on := f.until(now)
		if !on {
			continue
		}
		h := analysis.Hold{
			ID: "freeze:" + f.Name, Kind: analysis.HoldFreeze, By: analysis.Haldane, At: until.Add(-f.lasts).UTC(), Until: &until,
			Reason: fmt.Sprintf("freeze %s: Haldane rolls nothing back by itself, it only tells", f.Name),
		}
		if len(f.services)+len(f.environments) > 0 {
			h.Reason += "; of " + strings.Join(append(slices.Clone(f.services), f.environments...), ", ")
		}
		out = append(out, h)
	}
	return out
}
