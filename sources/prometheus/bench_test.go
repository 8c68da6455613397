package prometheus

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// BenchmarkFetch is the price of one answer, the network aside.
func BenchmarkFetch(b *testing.B) {
	for _, n := range []int{1, 30, 11000} {
		b.Run(fmt.Sprintf("%d steps", n), func(b *testing.B) {
			var points strings.Builder
			for i := range n {
				fmt.Fprintf(&points, `,[%d,"%g"]`, 1714564800+60*(i+1), float64(i)/7)
			}
			answer := `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[` + points.String()[1:] + `]}]}}`
			s := over(func(*http.Request) (*http.Response, error) { return says(200, answer), nil })
			b.ReportAllocs()
			for b.Loop() {
				if got, err := s.Fetch(b.Context(), minutes(n)); err != nil || len(got) != 1 {
					b.Fatal(got, err)
				}
			}
		})
	}
}
