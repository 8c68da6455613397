package sourcetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"

	"github.com/haldane-dev/haldane/analysis"
)

// Invented returns the values of series that stand nowhere in the JSON that they were
// made from, neither as numbers nor as texts of numbers. It is for series of which none
// were reduced to one and no samples to one; a missing value is none.
func Invented(body []byte, all []analysis.Series) []float64 {
	known := map[uint64]bool{}
	add := func(text string) {
		if v, err := strconv.ParseFloat(text, 64); err == nil || errors.Is(err, strconv.ErrRange) { // 1e999 is infinite
			known[bitsOf(v)] = true
		}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	for token, err := d.Token(); err == nil; token, err = d.Token() {
		switch token := token.(type) {
		case json.Number:
			add(token.String())
		case string:
			add(token)
		}
	}
	var out []float64
	for _, s := range all {
		for _, v := range s.Values {
			if !analysis.IsMissing(v) && !known[bitsOf(v)] {
				out = append(out, v)
			}
		}
	}
	return out
}

// bitsOf are the same for all NaN.
func bitsOf(v float64) uint64 {
	if math.IsNaN(v) {
		v = math.NaN()
	}
	return math.Float64bits(v)
}
