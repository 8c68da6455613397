package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"path/filepath"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/analysis"
)

// Types are the tables that config cannot know by itself.
type Types struct {
	Sources []SourceType
	Actions []ActionType
	// Judges are the methods that this build has; nil allows all.
	Judges []analysis.JudgeName
	// Env looks up what ${env:NAME} stands for; nil finds nothing.
	Env func(name string) (string, bool)
}

// Config is what the operator said, checked, with defaults filled in.
type Config struct {
	Tokens  []Token
	Sources []Source // by name
	Actions []Action // by name
	Plans   []analysis.Plan
	Guards  Guards
	Egress  Egress
	Keep    analysis.Duration // of the evidence of runs that have ended; 0: for ever

	Hash     string    // of all config files: the same on every replica that has the same
	Files    []string  // all that were read, the main one first
	Warnings []Mistake // what looks wrong but does not stop

	seen seen
}

// Source is one configured source.
type Source struct {
	Name, Type string
	Settings   SourceSettings
	File       string
	Line       int
}

// Action is one configured action.
type Action struct {
	Name, Type string
	Settings   ActionSettings
	File       string
	Line       int
}

// loader is one Load.
type loader struct {
	types  Types
	notes  *notes
	main   *document
	config *Config
	hash   hash.Hash
	owners map[string]position // where each name was first used: "plan checkout"

	defaults *yaml.Node
	base     basePlan
	shared   []sharedPart
	sources  map[string]SourceSettings // nil when the section is broken
	actions  map[string]ActionSettings
	queries  map[string]*checkedQuery // by text
}

// sharedPart is what one file gave of sources, actions and plans.
type sharedPart struct {
	doc  *document
	file sharedFile
}

// Load reads a config file and those it includes. When anything is wrong it
// returns no Config and a *Mistakes with everything that is; what only looks
// wrong stands in Config.Warnings.
func Load(path string, t Types) (*Config, error) {
	if t.Env == nil {
		t.Env = func(string) (string, bool) { return "", false }
	}
	all := &notes{}
	l := &loader{
		types: t, notes: all, main: newDocument(filepath.Clean(path), all), config: &Config{seen: newSeen()}, hash: sha256.New(),
		owners: map[string]position{}, sources: map[string]SourceSettings{}, actions: map[string]ActionSettings{}, queries: map[string]*checkedQuery{},
	}
	if l.read(l.main) {
		l.all()
	}
	if len(all.mistakes) > 0 {
		return nil, &Mistakes{List: sorted(all.mistakes), Warnings: sorted(all.warnings)}
	}
	l.config.Warnings = sorted(all.warnings)
	l.config.Hash = hex.EncodeToString(l.hash.Sum(nil))
	return l.config, nil
}

// all reads everything behind the main file's YAML.
func (l *loader) all() {
	file := newOf(reflect.TypeFor[mainFile]()).Addr().Interface().(*mainFile)
	l.decode(l.main, file)
	l.defaults = file.Defaults.node
	l.shared = append(l.shared, sharedPart{l.main, file.sharedFile})
	l.include(file.Include)
	for _, part := range l.shared {
		l.readSections(part)
	}
	l.config.Guards = file.Guards
	l.checkGuards(file.Guards)
	l.config.Keep = file.Keep
	if file.Keep != 0 && file.Keep < day {
		l.main.mistake("keep", "must be a day at least: people look into what happened yesterday").try("keep: 90d, or 0 for ever")
	}
	l.config.Egress = file.Egress.egress()
	l.readPlans()
	l.readTokens(file.Tokens)
	slices.SortFunc(l.config.Sources, func(a, b Source) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(l.config.Actions, func(a, b Action) int { return cmp.Compare(a.Name, b.Name) })
}

// decode fills a struct from a document's whole tree.
func (l *loader) decode(doc *document, into any) {
	(&decoder{doc: doc}).structure(resolved(doc.root), reflect.ValueOf(into).Elem(), "")
}

// own notes that a name is used, and reports whether it is free. Names are unique
// over all files.
func (l *loader) own(doc *document, path, kind, name string) bool {
	key := kind + " " + name
	if first, taken := l.owners[key]; taken {
		doc.mistake(path, "%s %q: already defined at %s", kind, name, first.String())
		return false
	}
	l.owners[key] = doc.at(path)
	if !analysis.PlainName(name) {
		doc.mistake(path, "%s %q: not a usable name", kind, name).
			try("letters, digits, dots, dashes and underscores, at most 100, beginning with a letter or digit")
	}
	return true
}

// String prints a position as compilers do.
func (p position) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

// Source returns the source of a name.
func (c *Config) Source(name string) (Source, bool) {
	i := slices.IndexFunc(c.Sources, func(s Source) bool { return s.Name == name })
	if i < 0 {
		return Source{}, false
	}
	return c.Sources[i], true
}

// Action returns the action of a name.
func (c *Config) Action(name string) (Action, bool) {
	i := slices.IndexFunc(c.Actions, func(a Action) bool { return a.Name == name })
	if i < 0 {
		return Action{}, false
	}
	return c.Actions[i], true
}

// Plan returns the plan of a name.
func (c *Config) Plan(name string) (analysis.Plan, bool) {
	i := slices.IndexFunc(c.Plans, func(p analysis.Plan) bool { return p.Name == name })
	if i < 0 {
		return analysis.Plan{}, false
	}
	return c.Plans[i], true
}

// names returns the sorted keys of a table.
func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
