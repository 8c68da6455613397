package sourcetest

import (
	"maps"
	"testing"
)

// exercise is one case. setup may change what the source is opened with.
type exercise struct {
	name   string
	setup  func(*Setup)
	run    func(*stand)
	server bool // it is about a server, and means nothing without one
}

// cases lists what every source must do.
func cases() []exercise {
	var all []exercise
	all = append(all, sampleCases()...)
	all = append(all, seriesCases()...)
	all = append(all, troubleCases()...)
	all = append(all, mannerCases()...)
	return append(all, optionalCases()...)
}

// Exercise runs every case against the vendor's source.
func Exercise(t *testing.T, v Vendor) {
	t.Helper()
	known := map[string]bool{}
	for _, c := range cases() {
		known[c.name] = true
		if why := v.Without[c.name]; why != "" {
			t.Logf("%s: this vendor cannot have it: %s", c.name, why)
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			runCase(t, v, c)
		})
	}
	for name, why := range v.Without {
		if !known[name] || why == "" {
			t.Errorf("Without[%q]: want the name of a case and a reason", name)
		}
	}
}

// NeedsServer gives Without of a vendor that has no server: the cases that are about
// one, and others with reasons of their own.
func NeedsServer(others map[string]string) map[string]string {
	without := maps.Clone(others)
	if without == nil {
		without = map[string]string{}
	}
	for _, c := range cases() {
		if c.server {
			without[c.name] = "there is no server"
		}
	}
	return without
}

// runCase runs one case on a stand of its own.
func runCase(tb testing.TB, v Vendor, c exercise) {
	s := newStand(tb, v, c.setup)
	c.run(s)
	s.quiet()
}
