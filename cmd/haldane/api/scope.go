package api

import (
	"github.com/haldane-dev/haldane/analysis"
)

// What a token that is limited to some plans may do with what is larger than a plan. It
// sees what concerns a plan of its own, and what concerns everything. It acts on a service
// when all plans of that service are its own, and on everything never.

// limited reports whether the caller has some plans only.
func (c caller) limited() bool { return len(c.plans) > 0 }

// scope is what the caller may know of.
func (c caller) scope() analysis.Scope {
	if !c.limited() {
		return nil
	}
	return c.covers
}

// acts returns why a caller may not do something to a service; environment "" is all of
// them, service "" is everything. The answer does not tell whether there is such a service.
func (s *server) acts(who caller, service, environment string) error {
	if !who.limited() {
		return nil
	}
	denied := analysis.Errorf(analysis.Denied, "token %s: is limited to some plans, this concerns others too", who.name).
		WithHint("a service all of whose plans are the token's, or a token without plans")
	if service == "" {
		return denied
	}
	own := false
	for _, p := range s.Plans.Plans() {
		if p.Service != service || environment != "" && p.Environment != environment {
			continue
		}
		if own = who.covers(p.Name); !own {
			return denied
		}
	}
	if !own {
		return denied
	}
	return nil
}
