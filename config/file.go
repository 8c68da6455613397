package config

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"reflect"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// The structs of this file and of file_plan.go are the config file. Their yaml
// tags are its keys; their doc tags, with those of the sources and actions, make
// the editor schema; a test holds reference.yaml against them.

// mainFile is the file that Load is given.
type mainFile struct {
	Include    []string    `yaml:"include" doc:"more files, by name or pattern, relative to this one; they may hold sources, actions and plans"`
	Tokens     []tokenFile `yaml:"tokens" doc:"who may use the API; without tokens everybody on this machine may"`
	sharedFile `yaml:",inline"`
	Defaults   rawDefaults       `yaml:"defaults" doc:"keys of plans, merged under every plan: the plan wins, maps merge, lists replace"`
	Guards     Guards            `yaml:"guards" doc:"what holds rollbacks back"`
	Keep       analysis.Duration `yaml:"keep" doc:"how long runs keep their looks and samples after their end; a summary stays for good; 0: for ever"`
	Egress     egressFile        `yaml:"egress" doc:"where actions may connect to; link-local and metadata addresses are refused anyway"`
}

func (f *mainFile) setDefaults() {
	f.Guards.setDefaults()
	f.Keep = 90 * day
}

const day = analysis.Duration(24 * time.Hour)

// sharedFile is what included files may hold too.
type sharedFile struct {
	Sources map[string]rawSource `yaml:"sources" doc:"where metrics are read, by name"`
	Actions map[string]rawAction `yaml:"actions" doc:"what Haldane can do, by name"`
	Plans   []rawPlan            `yaml:"plans" doc:"what to compare, and how strictly"`
}

// What is decoded in a later step: sections by their type, plans over the defaults.
type (
	rawSource struct{ rawNode }
	rawAction struct{ rawNode }
	rawPlan   struct{ rawNode }

	rawDefaults struct{ rawNode } // the keys of a plan, under every plan
)

func (*rawPlan) form() reflect.Type { return reflect.TypeFor[planFile]() }

// Guards hold rollbacks back when something other than a release is suspect.
type Guards struct {
	MaxRollbacksPerHour int          `yaml:"max_rollbacks_per_hour" doc:"of one service and environment; further ones are skipped, and somebody is told; 0: no limit" jsonschema:"minimum=0"`
	ManyServices        ManyServices `yaml:"many_services" doc:"many services failing at once: the platform or a metrics store is the suspect, not every release"`
	Freezes             []Freeze     `yaml:"freezes" doc:"times in which Haldane rolls nothing back by itself, it only tells"`
}

// Freeze is a time that comes again and again in which Haldane rolls nothing back by
// itself.
type Freeze struct {
	Name         string            `yaml:"name" doc:"as messages say it" jsonschema:"required"`
	Cron         string            `yaml:"cron" doc:"when it begins: minute, hour, day of month, month, day of week" jsonschema:"required"`
	For          analysis.Duration `yaml:"for" doc:"how long it lasts" jsonschema:"required"`
	TimeZone     string            `yaml:"time_zone" doc:"of the cron expression, such as Europe/Berlin"`
	Services     []string          `yaml:"services" doc:"by name or pattern such as shop-*; default: all"`
	Environments []string          `yaml:"environments" doc:"by name or pattern; default: all"`
}

func (f *Freeze) setDefaults() { f.TimeZone = "UTC" }

// ManyServices engages a hold when Services services fail Within a time, and
// releases it after HoldFor. With Services 0 it never does.
type ManyServices struct {
	Services int               `yaml:"services" doc:"this many services with a failing release engage the hold; 0: never" jsonschema:"minimum=0"`
	Within   analysis.Duration `yaml:"within" doc:"within this time"`
	HoldFor  analysis.Duration `yaml:"hold_for" doc:"the hold is released by itself after this time, or by a person before"`
}

func (g *Guards) setDefaults() {
	g.MaxRollbacksPerHour = 3
	g.ManyServices.setDefaults()
}

func (m *ManyServices) setDefaults() {
	*m = ManyServices{Services: 5, Within: minutes(1), HoldFor: minutes(30)}
}

// egressFile is an Egress as it is written.
type egressFile struct {
	Allow []addressRange `yaml:"allow" doc:"address ranges that are allowed although they would be refused"`
	Deny  []addressRange `yaml:"deny" doc:"address ranges that are refused"`
}

func (e egressFile) egress() Egress {
	list := func(in []addressRange) (out []netip.Prefix) {
		for _, a := range in {
			out = append(out, netip.Prefix(a))
		}
		return out
	}
	return Egress{Allow: list(e.Allow), Deny: list(e.Deny)}
}

// tokenFile is a Token as it is written.
type tokenFile struct {
	Name   string   `yaml:"name" doc:"who it is, as events and logs say it" jsonschema:"required"`
	Role   Role     `yaml:"role" doc:"read: see everything; start: also start and cancel runs; operate: also roll back and hold; admin: everything" jsonschema:"required,enum=read,enum=start,enum=operate,enum=admin"`
	SHA256 Secret   `yaml:"sha256" doc:"SHA-256 of the token in hexadecimal: printf %s \"$TOKEN\" | sha256sum" jsonschema:"required"`
	Plans  []string `yaml:"plans" doc:"only these plans, by name or pattern such as shop-*; default: all"`
}

// Token lets whoever knows it use the API. Only its hash is kept.
type Token struct {
	Name   string
	Role   Role
	SHA256 [sha256.Size]byte
	Plans  []string // patterns of path.Match; none: all plans
}

// Role is what a token is good for: read, start, operate or admin. Each includes
// those before it; what they may do is the API's to say.
type Role string

// decodeHash reads 64 hexadecimal digits.
func decodeHash(s string) (hash [sha256.Size]byte, ok bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(hash) {
		return hash, false
	}
	return [sha256.Size]byte(b), true
}
