package stats

import "math"

// NormalQuantile answers below which value a standard normal variable falls with
// probability p: sqrt(2) erfinv(2p - 1), with erfinv as a polynomial of
// w = -log(1 - x^2), or of its root further out. p = 0 and 1 give the infinities,
// outside [0, 1] and NaN: NaN. Relative error below 1e-14 for p >= 1e-13; further
// down 2p - 1 itself has lost too many digits.
//
// Reference: Giles (2012), Approximating the erfinv Function, GPU Computing Gems
// Jade Edition, chapter 10, table 10.4. The JVM's common library has the same
// polynomial, which is why it is used here. Checked against: gonum's quantile, and
// bit for bit the four levels that Kayenta's tests use.
func NormalQuantile(p float64) float64 {
	return math.Sqrt2 * erfinv(float64(2*p)-1)
}

func erfinv(x float64) float64 {
	if math.Abs(x) == 1 {
		return math.Copysign(math.Inf(1), x)
	}
	w := -math.Log((1 - x) * (1 + x))
	switch {
	case w < 6.25:
		return x * horner(w-3.125, &erfinvCentre)
	case w < 16:
		return x * horner(math.Sqrt(w)-3.25, &erfinvShoulder)
	}
	return x * horner(math.Sqrt(w)-5, &erfinvTail)
}

// horner evaluates a polynomial whose coefficients start with the highest power;
// leading zeros do nothing.
func horner(w float64, coefficients *[23]float64) float64 {
	p := 0.0
	for _, c := range coefficients {
		p = float64(p*w) + c
	}
	return p
}

// The polynomials for the middle, |x| < 0.999, the range above it, and the tails.
// They are constants; Go has no constant arrays.
var (
	erfinvCentre = [23]float64{
		-3.6444120640178196996e-21, -1.685059138182016589e-19, 1.2858480715256400167e-18, 1.115787767802518096e-17,
		-1.333171662854620906e-16, 2.0972767875968561637e-17, 6.6376381343583238325e-15, -4.0545662729752068639e-14,
		-8.1519341976054721522e-14, 2.6335093153082322977e-12, -1.2975133253453532498e-11, -5.4154120542946279317e-11,
		1.051212273321532285e-09, -4.1126339803469836976e-09, -2.9070369957882005086e-08, 4.2347877827932403518e-07,
		-1.3654692000834678645e-06, -1.3882523362786468719e-05, 0.0001867342080340571352, -0.00074070253416626697512,
		-0.0060336708714301490533, 0.24015818242558961693, 1.6536545626831027356,
	}
	erfinvShoulder = [23]float64{
		0, 0, 0, 0,
		2.2137376921775787049e-09, 9.0756561938885390979e-08, -2.7517406297064545428e-07, 1.8239629214389227755e-08,
		1.5027403968909827627e-06, -4.013867526981545969e-06, 2.9234449089955446044e-06, 1.2475304481671778723e-05,
		-4.7318229009055733981e-05, 6.8284851459573175448e-05, 2.4031110387097893999e-05, -0.0003550375203628474796,
		0.00095328937973738049703, -0.0016882755560235047313, 0.0024914420961078508066, -0.0037512085075692412107,
		0.005370914553590063617, 1.0052589676941592334, 3.0838856104922207635,
	}
	erfinvTail = [23]float64{
		0, 0, 0, 0,
		0, 0, -2.7109920616438573243e-11, -2.5556418169965252055e-10,
		1.5076572693500548083e-09, -3.7894654401267369937e-09, 7.6157012080783393804e-09, -1.4960026627149240478e-08,
		2.9147953450901080826e-08, -6.7711997758452339498e-08, 2.2900482228026654717e-07, -9.9298272942317002539e-07,
		4.5260625972231537039e-06, -1.9681778105531670567e-05, 7.5995277030017761139e-05, -0.00021503011930044477347,
		-0.00013871931833623122026, 1.0103004648645343977, 4.8499064014085844221,
	}
)
