package stats

import "math"

// logSum adds numbers that are given as exp(log) times a factor that is neither very
// large nor, where it matters, very small.
type logSum struct {
	logs, factors [4 * levelCount]float64
	n             int
	most          float64 // of the logs
}

func (s *logSum) reset() { s.n, s.most = 0, math.Inf(-1) }

func (s *logSum) add(log, factor float64) {
	s.logs[s.n], s.factors[s.n] = log, factor
	s.n++
	s.most = max(s.most, log)
}

// log is the logarithm of the sum. Terms below the largest by a factor of 1e-16 or so
// are left out: they would not change it.
func (s *logSum) log() float64 {
	sum := 0.0
	for i, v := range s.logs[:s.n] {
		if v > s.most-37 {
			sum += s.factors[i] * math.Exp(v-s.most)
		}
	}
	return s.most + math.Log(sum)
}

// largest is the logarithm of the largest term.
func (s *logSum) largest() float64 {
	m := 0.0
	for i, v := range s.logs[:s.n] {
		m = max(m, s.factors[i]*math.Exp(v-s.most))
	}
	return s.most + math.Log(m)
}
