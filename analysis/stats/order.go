package stats

import (
	"math"
	"slices"
)

// order maps floats to integers that sort like them, in the total order in which
// -0 comes before +0 and is not equal to it. NaN counts as +Inf.
func order(v float64) int64 {
	if v != v {
		v = math.Inf(1)
	}
	b := int64(math.Float64bits(v))
	return b ^ int64(uint64(b>>63)>>1)
}

// unorder is the inverse of order.
func unorder(k int64) float64 {
	return math.Float64frombits(uint64(k ^ int64(uint64(k>>63)>>1)))
}

// sorted writes the values in ascending order to dst, using keys as scratch, and
// returns both, grown if need be. Sorting integers is twice as fast as sorting
// floats, which must ask about NaN at each step.
func sorted(dst []float64, keys []int64, values []float64) ([]float64, []int64) {
	keys = keys[:0]
	for _, v := range values {
		keys = append(keys, order(v))
	}
	slices.Sort(keys)
	dst = dst[:0]
	for _, k := range keys {
		dst = append(dst, unorder(k))
	}
	return dst, keys
}
