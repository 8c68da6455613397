package stats

import "math"

// question is one pair of hypotheses: from the onset on the mean is limit, or higher.
// Everything is times the sign of the direction that is asked for.
type question struct {
	onset    int
	sign     float64
	limit    float64
	before   float64 // mean before the onset
	freedom  float64 // number of innovations that the scale is estimated from
	floor    float64 // least sum of squares: constant values are no infinite evidence
	constant bool    // the onset is 0: there is no before
}

// index is 0 for a constant mean, 1 for one that changes.
func (q *question) index() int {
	if q.constant {
		return 0
	}
	return 1
}

// question prepares the test of one onset. The mean before it is that of the values
// there, with one more of 0, and never beyond what is fine: a host that is steadily
// different by less than that is learned, one beyond it is not.
func (l *Level) question(onset int, sign, limit float64) question {
	q := question{onset: onset, sign: sign, limit: limit, freedom: float64(l.n), constant: onset == 0}
	fine := l.opts.Above
	if sign < 0 {
		fine = l.opts.Below
	}
	if !q.constant {
		q.freedom--
		q.before = min(fine, sign*l.prefix[onset]/float64(onset+1))
	}
	least := levelFloor * fine
	if fine == 0 {
		least = levelZero
	}
	q.floor = q.freedom * least * least
	return q
}

// fit is what one model says about one question: the sum of squares under the null,
// its part from the onset on, and the projection b of the residuals on the step,
// whose own sum of squares is a.
type fit struct{ null, after, b, a float64 }

func (l *Level) fit(k int, q *question) fit {
	m := &l.sums[k]
	s, ec := q.onset, q.sign*m.ec[0]
	if q.constant {
		null := q.floor + max(0, m.ee[0]-2*q.limit*ec+q.limit*q.limit*m.cc[0])
		return fit{null: null, after: null, a: m.cc[0], b: ec - q.limit*m.cc[0]}
	}
	mean, d, a := q.before, q.limit-q.before, m.xx[l.n-s]
	p := q.sign*m.ex[s] - mean*m.cx[s]
	step := d * (d*a - 2*p)
	// What rounding makes negative is 0.
	return fit{
		null:  q.floor + max(0, m.ee[0]-2*mean*ec+mean*mean*m.cc[0]+step),
		after: max(0, m.ee[s]-2*mean*q.sign*m.ec[s]+mean*mean*m.cc[s]+step),
		a:     a, b: p - d*a,
	}
}

// levelTrifle is the logarithm of what an onset must be able to add to the evidence to
// be looked at in full, and levelRest what it must have of the largest one so far. With
// 60 onsets that takes 0.14 off the logarithm of the evidence at most.
const (
	levelTrifle = -4
	levelRest   = -6
)

// levelAll is the largest part of the sum of squares that a change explains: with all of
// it the evidence would be infinite.
const levelAll = 1 - 1e-14

// promising is a quick look at an onset of the given log weight. The evidence of a sum
// is at most that of its best model; if that is a trifle, the onset is left out, which
// only lowers the evidence.
func (l *Level) promising(q *question, weight, trifle float64) bool {
	for k := range l.facts {
		m := &l.facts[k]
		if m.change == 0 && !l.known.there {
			continue
		}
		f := l.fit(k, q)
		if f.b <= 0 {
			continue
		}
		freedom, null := q.freedom, f.null
		if l.known.there {
			freedom, null = freedom+l.known.freedom, null+l.known.squares[k]
		}
		sure := f.a + m.prior
		x := min(f.b*f.b/(sure*null), levelAll)
		if freedom/2*x < 1-x {
			continue
		}
		bent := l.bend * m.gain / freedom * null
		more := 2 * math.Sqrt(m.prior/sure) * (1 + bent) / (1 + bent*(1-x))
		if weight+m.most-freedom/2*math.Log1p(-x)+math.Log(more*(1+bent)/(1+bent*(1-x))) > trifle {
			return true
		}
	}
	return false
}

// ratio is log(sum of L1 / sum of L0) of one question. unsteady brings in the second
// models, whose scale is larger from the onset on; strict takes the largest of the null's
// terms instead of their sum, without the models' weights.
func (l *Level) ratio(q *question, unsteady, strict bool) float64 {
	l.nulls.reset()
	l.changes.reset()
	for k := range l.facts {
		f, weight := l.fit(k, q), l.facts[k].start
		if !q.constant {
			weight += l.facts[k].jump
		}
		l.weigh(k, f, q, weight, strict)
		if !unsteady {
			continue
		}
		const less = 1 / float64(levelUnsteady*levelUnsteady)
		second := f
		second.null = max(q.floor, f.null-(1-less)*f.after)
		second.a, second.b = f.a*less, f.b*less
		price := float64(l.n-q.onset)*l.wider - l.rare
		if l.counts(k, f.null, second.null, q.freedom, price) {
			l.weigh(k, second, q, weight-price, strict)
		}
	}
	if strict {
		return l.changes.log() - l.nulls.largest()
	}
	return l.changes.log() - l.nulls.log()
}

// counts reports whether a second model, with this sum of squares instead of the first
// one's, has a likelihood of more than e^-25 of the first one's under the null: else it
// changes nothing.
func (l *Level) counts(k int, first, second, freedom, price float64) bool {
	const never = 25 + 5.6 // the prior on the scale adds 2 log 16 at most
	h := &l.known
	if freedom/2*math.Log(first/second) > price-never {
		return true
	}
	s := h.squares[k]
	return h.there && (freedom+h.freedom)/2*math.Log((first+s)/(second+s)) > price-never
}

// weigh adds the likelihoods of one model to the sums: for noise of which nothing is
// known, and for noise like the earlier one.
func (l *Level) weigh(k int, f fit, q *question, weight float64, strict bool) {
	m, h := &l.facts[k], &l.known
	null := m.logNull
	if strict {
		null = 0
	}
	doubt := weight
	if h.there {
		doubt += h.doubt[q.index()]
	}
	l.trial(m, f, q.freedom, doubt+null, doubt+m.logChange, m.change > 0)
	if !h.there {
		return
	}
	trust := weight + h.trust[q.index()]
	f.null += h.squares[k]
	l.trial(m, f, q.freedom+h.freedom, trust+m.logNull-h.logNull, trust+m.logKnown-h.logChange, true)
}

// trial adds one model's likelihoods of null and alternative, of the given log weights,
// with the scale and the shift integrated out:
//
//	L0 = null^(-nu/2) bend(null)
//	L1 = rest^(-nu/2) bend(rest) sqrt(g/(a+g)) 2 T(b / sqrt((a+g) rest / nu))
//
// where rest = null - b^2/(a+g), g is the prior precision of the shift, T the
// distribution function of Student's t with nu degrees of freedom, by its normal
// approximation sign(t) sqrt(nu log(1 + t^2/nu)) (1 - 3/(4nu+1)), and bend(r) = (1 + r
// gain/(nu s^2))^-2 the prior on the scale: differences of one thing observed twice
// are not expected to have an sd far above s.
//
// Reference: Wallace (1959), Bounds on normal approximations to Student's and the
// chi-square distributions, Annals of Mathematical Statistics 30, 1121-1130, for the
// approximation.
func (l *Level) trial(m *modelFacts, f fit, nu, null, change float64, both bool) {
	power := -nu / 2 * math.Log(f.null)
	bent := l.bend * m.gain / nu * f.null
	bend := 1 / (1 + bent)
	l.nulls.add(null+power, bend*bend)
	if !both {
		return
	}
	sure := f.a + m.prior
	x := min(f.b*f.b/(sure*f.null), levelAll)
	shrink := math.Log1p(-x)
	if change += power - nu/2*shrink; change < l.changes.most-27 {
		return // to leave evidence out is always allowed
	}
	z := math.Copysign(math.Sqrt(-nu*shrink), f.b) * (1 - 3/(4*nu+1))
	bend = 1 / (1 + bent*(1-x))
	l.changes.add(change, math.Sqrt(m.prior/sure)*math.Erfc(-z/math.Sqrt2)*bend*bend)
}
