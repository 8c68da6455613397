package config

import (
	"log/slog"
	"sync"

	"github.com/haldane-dev/haldane/analysis"
)

// SourceType is one line of the table in package sources.
type SourceType struct {
	Name string
	// New returns a pointer to the type's settings with its defaults filled in; a
	// section of the file is decoded into it.
	New func() SourceSettings
}

// SourceSettings are the settings of one configured source. The struct's fields
// are its keys: the yaml tag is the name, the doc tag what editors show, and a
// jsonschema tag may say more (jsonschema:"enum=a,enum=b" is also checked when the
// file is loaded). Secrets inside are resolved before Check is called; what all
// types share in Common is checked by the loader.
type SourceSettings interface {
	Common() *SourceCommon
	// Check finds what decoding cannot: missing or contradicting fields.
	Check() []Problem
	// Open makes the source. It does not reach out.
	Open(env Env) (analysis.Source, error)
}

// SourceCommon are the settings that every source has; embed it with
// `yaml:",inline"`.
type SourceCommon struct {
	Type          string            `yaml:"type" doc:"which kind of source this is"`
	Delay         analysis.Duration `yaml:"delay" doc:"how long after its end a sample is complete; nothing newer is judged"`
	MaxConcurrent int               `yaml:"max_concurrent" doc:"requests at the same time, over all runs"`
	Timeout       analysis.Duration `yaml:"timeout" doc:"of one request"`
	ExternalURL   string            `yaml:"external_url" doc:"address under which people reach it, for links; default: none"`
}

// Common implements SourceSettings.
func (c *SourceCommon) Common() *SourceCommon { return c }

// ActionType is one line of the table in package actions.
type ActionType struct {
	Name string
	New  func() ActionSettings
}

// ActionSettings are the settings of one configured action.
type ActionSettings interface {
	Common() *ActionCommon
	Check() []Problem
	Open(env Env) (analysis.Action, error)
	// ChangesWorld reports whether deliveries change something outside, and so
	// wait for holds, rather than tell people.
	ChangesWorld() bool
	// Threads reports whether the action keeps one conversation a run, so that it
	// is also told how a rollback went on.
	Threads() bool
}

// FollowSettings are ActionSettings whose action is an analysis.Follower.
type FollowSettings interface {
	// FollowFor is how long work that was accepted may take until it counts as failed;
	// 0 if it is not followed.
	FollowFor() analysis.Duration
}

// ActionCommon are the settings that every action has.
type ActionCommon struct {
	Type    string            `yaml:"type" doc:"which kind of action this is"`
	Timeout analysis.Duration `yaml:"timeout" doc:"of one request"`
	// MaxPerMinute is nil when it is not said.
	MaxPerMinute *int  `yaml:"max_per_minute" doc:"messages a minute at most, the rest is told in one digest; 0: no limit; default: 30 for actions that tell people in their own words, none for webhooks" jsonschema:"minimum=0"`
	Texts        Texts `yaml:"texts" doc:"own words for messages, by type of event (any: every other): templates of title and text, of what tells people; webhooks have a body instead"`
}

// Limit is how many messages a minute the action may send; 0 is any number.
func (c *ActionCommon) Limit() int {
	switch {
	case c.MaxPerMinute != nil:
		return *c.MaxPerMinute
	case c.Type == "webhook":
		return 0
	}
	return 30
}

// Common implements ActionSettings.
func (c *ActionCommon) Common() *ActionCommon { return c }

// Env is what a source or action is given by the house.
type Env struct {
	Name    string // of the section
	Log     *slog.Logger
	Version string // of Haldane, for User-Agent
	Egress  Egress // where webhooks may go
	Shared  *Shared
}

// Shared holds what several sections of one process have together, and what outlives
// a reload, such as a budget of requests. A nil one shares nothing.
type Shared struct {
	mu   sync.Mutex
	kept map[string]any
}

// Once returns what is kept under a key, and keeps what create returns when there is
// nothing yet. Keys begin with the name of the package that uses them, and hold no
// secret.
func (s *Shared) Once(key string, create func() any) any {
	if s == nil {
		return create()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.kept[key]
	if !ok {
		v = create()
		if s.kept == nil {
			s.kept = map[string]any{}
		}
		s.kept[key] = v
	}
	return v
}

// Problem is what a Check found in one field; the loader adds file and line.
type Problem struct {
	Field   string // yaml path inside the section: "tls.ca"
	Message string
	Hint    string // without "try:"
}
