// Package stats is arithmetic on []float64: quantiles, fences, summaries, ranks,
// the Mann-Whitney shift with its confidence interval, and effect sizes. No
// function writes to its input, none looks at a clock, none is random.
//
// Where a result must agree to the last bit with another program, products that
// are added to something are written float64(a*b) + c: without the conversion a
// compiler may fuse the two steps, which rounds once instead of twice.
//
// It imports the standard library, and may import gonum's distributions; nothing
// else of the house. Start reading at mannwhitney.go.
package stats

// Error is an error of this package: a constant text.
type Error string

// Error implements error.
func (e Error) Error() string { return string(e) }

// What can go wrong.
const (
	ErrEmpty Error = "empty sample"
	ErrTied  Error = "all values are tied"
)
