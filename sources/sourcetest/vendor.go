package sourcetest

import (
	"net/http"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Vendor is what Exercise must know of one kind of source.
type Vendor struct {
	// Open makes the source under test, by the settings that users have.
	Open func(t testing.TB, s Setup) analysis.Source
	// Query is a question in the vendor's language.
	Query string
	// Answer writes to w what the vendor's server answers to r when its samples
	// are those of a. It reads from r which of them are asked for, and answers
	// those only; it also answers what Check asks.
	Answer func(w http.ResponseWriter, r *http.Request, a Answer)
	// Aligned says that the vendor's server keeps samples in buckets which begin at
	// whole multiples of the step since 1970. Windows then start there, as those of runs
	// do.
	Aligned bool
	// Nulls says that the vendor's server writes a null for each step that it has no
	// sample for, so that nothing is ever left out.
	Nulls bool
	// Labels returns what the source makes of a series' labels, where the vendor's
	// server adds its own. nil: they stay as they are.
	Labels func(labels map[string]string) map[string]string
	// Stores returns what the vendor's server makes of a name when it stores it, so that
	// Quote must do the same. nil: names are stored as they are.
	Stores func(name string) string
	// TokenOnly says that all credentials stand in headers as they are: there is no
	// Setup.Secret.
	TokenOnly bool
	// Later is how much later than its server asks the source may come back, so that not
	// all come back at once.
	Later time.Duration
	// Carries returns the credentials in a request, as they stand there. nil finds them
	// in its headers.
	Carries func(r *http.Request) []string
	// Place is for a source that reads no server: it puts the samples of a where the
	// source finds them (below s.Dir), instead of those that were there. Answer and
	// Refuse are then left out, and Without says NeedsServer.
	Place func(t testing.TB, s Setup, a Answer)
	// Refuse writes an error in the vendor's form.
	Refuse func(w http.ResponseWriter, r *http.Request, e Refusal)
	// Without says which cases the vendor's protocol cannot have, and why.
	Without map[string]string
}

// Setup are the settings that a source is to be opened with.
type Setup struct {
	URL           string
	Dir           string // a folder of its own, for vendors with Place
	Secret        string // for credentials that may be any text, such as a password; it holds quotes and line breaks
	Token         string // for credentials that stand in a header as they are
	Timeout       time.Duration
	MaxConcurrent int
	MaxResponse   int64 // bytes
	ExternalURL   string
	Env           config.Env
}

// Answer are the samples that a vendor's server has.
type Answer struct {
	// Series have one value a step of their Step after their Start. A missing
	// value is a step without a sample.
	Series []analysis.Series
	// Nulls asks for missing values to be written as nulls.
	Nulls bool
	// Unknown asks for fields that today's servers do not send, where the format
	// lets a later one add them.
	Unknown bool
	// Warnings are what the server says about its own answer.
	Warnings []string
}

// Refusal is an error of a vendor's server.
type Refusal struct {
	Trouble Trouble
	Words   string        // the server's
	Wait    time.Duration // with SlowDown: what the server asks for
}

// Trouble is one way in which a server refuses.
type Trouble string

// The troubles that each vendor has a form for.
const (
	WrongQuery       Trouble = "wrong query"
	WrongCredentials Trouble = "wrong credentials"
	Forbidden        Trouble = "forbidden"
	SlowDown         Trouble = "slow down"
	Broken           Trouble = "broken"    // its own fault, perhaps over soon
	InsideOK         Trouble = "inside ok" // an error with HTTP status 200
)

// Name is that of the section that sources are opened as.
const Name = "stub"
