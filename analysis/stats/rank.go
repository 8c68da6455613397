package stats

import "slices"

// Ranks returns the rank of each value, 1 for the smallest; equal values share the
// average of their ranks, so the sum is always n(n+1)/2, and every rank a multiple
// of one half.
//
// The order is the total order of floats: -0 comes before +0 and is not equal to
// it, NaN counts as +Inf. This is how Kayenta's judge ranks.
//
// Checked against: counting, for each value, those below and those equal.
func Ranks(values []float64) []float64 {
	index := make([]int, len(values))
	for i := range index {
		index[i] = i
	}
	slices.SortFunc(index, func(a, b int) int {
		ka, kb := order(values[a]), order(values[b])
		switch {
		case ka < kb:
			return -1
		case ka > kb:
			return 1
		}
		return 0
	})
	ranks := make([]float64, len(values))
	for i := 0; i < len(index); {
		j := i + 1
		for j < len(index) && order(values[index[j]]) == order(values[index[i]]) {
			j++
		}
		shared := float64(i+1+j) / 2
		for ; i < j; i++ {
			ranks[index[i]] = shared
		}
	}
	return ranks
}
