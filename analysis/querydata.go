package analysis

import "time"

// QueryData is what the template of a query may use. Its names are already escaped
// for the language of the source that is asked.
type QueryData struct {
	Side        string // canary | baseline
	Version     string // this side's
	Canary      Release
	Baseline    Release
	Service     string
	Environment string
	Step        Duration
	Start       time.Time // of the run
	End         time.Time // of the samples that are asked for
	Vars        map[string]string
}

// Release is one side's version.
type Release struct{ Version string }

// The sides.
const (
	SideCanary   = "canary"
	SideBaseline = "baseline"
)
