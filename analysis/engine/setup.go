package engine

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Setup is the part of the config that the engine works with. It never changes; a
// reload replaces it whole.
type Setup struct {
	Hash    string // of the config it was made from
	Plans   map[string]*analysis.Plan
	Sources map[string]Source
	Actions map[string]Action
	Guards  Guards
	Keep    time.Duration // of the evidence of runs that have ended; 0: for ever
	// Render fills in the template of a query.
	Render func(text string, d analysis.QueryData) (string, error)

	askers map[string]*asker
}

// Source is a configured source.
type Source struct {
	analysis.Source
	Delay time.Duration // how long after its end a sample is complete
}

// Action is a configured action.
type Action struct {
	analysis.Action
	ChangesWorld bool // waits for holds
	Threads      bool // is told how a rollback went on
	// MaxPerMinute bounds the messages of an action that tells people; the rest is told in
	// a digest. 0: no limit.
	MaxPerMinute int
	// FollowFor is how long what was accepted is followed; 0 takes accepted for all that
	// can be known.
	FollowFor time.Duration
}

// Guards are the limits that keep Haldane from doing harm. Zero values are off.
type Guards struct {
	MaxRollbacksPerHour int // of one service and environment
	ManyServices        ManyServices
	Freezes             []Freeze
}

// ManyServices holds every rollback when so many services fail within a time:
// then the platform or a metric store is the suspect, not every release.
type ManyServices struct {
	Services int
	Within   time.Duration
	HoldFor  time.Duration
}

// prepare makes the askers of the sources.
func (s *Setup) prepare(m *metrics, log *slog.Logger) {
	s.askers = make(map[string]*asker, len(s.Sources))
	for name, source := range s.Sources {
		s.askers[name] = newAsker(name, source.Source, m, log)
	}
}

// delay returns that of the slowest source of a plan.
func (s *Setup) delay(p *analysis.Plan) time.Duration {
	var d time.Duration
	for _, name := range p.Sources() {
		d = max(d, s.Sources[name].Delay)
	}
	return d
}

// changesWorld reports whether an action does; one that is not configured any more
// is treated as if it did.
func (s *Setup) changesWorld(action string) bool {
	a, ok := s.Actions[action]
	return !ok || a.ChangesWorld
}

// rollsBack reports whether a plan's failure would change the world.
func (s *Setup) rollsBack(p *analysis.Plan) bool {
	return s.mayChange(p.On.Fail)
}

// mayChange reports whether reactions, or what follows from them, change the world.
func (s *Setup) mayChange(list []analysis.Reaction) bool {
	return slices.ContainsFunc(list, func(re analysis.Reaction) bool {
		return s.changesWorld(re.Action) || s.mayChange(re.Then) || s.mayChange(re.Else)
	})
}

// plan returns the plan of a name.
func (s *Setup) plan(name string) (*analysis.Plan, error) {
	if p, ok := s.Plans[name]; ok {
		return p, nil
	}
	err := analysis.Errorf(analysis.NotFound, "plan %q: not in the config", name)
	if len(s.Plans) > 0 {
		names := make([]string, 0, len(s.Plans))
		for n := range s.Plans {
			names = append(names, n)
		}
		slices.Sort(names)
		const most = 10
		more := ""
		if len(names) > most {
			names, more = names[:most], ", ..."
		}
		return nil, err.WithHint("%s%s", strings.Join(names, ", "), more)
	}
	return nil, err
}

// Switch is the global switch of the process (HALDANE_ACTIONS).
type Switch string

// Its positions.
const (
	ActionsOn     Switch = "on"
	ActionsDryRun Switch = "dry-run" // people are told what would have been done
	ActionsOff    Switch = "off"     // nothing is done and nobody is told
)
