package engine

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// series counts the series of a metric, and adds up their values.
func series(t *testing.T, reg *prometheus.Registry, name string) (n int, sum float64) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			n, sum = n+1, sum+m.GetCounter().GetValue()+m.GetGauge().GetValue()
		}
	}
	return n, sum
}

func TestCountersOfWhatIsConfiguredBeginAtZero(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := newMetrics(reg)
	m.config(&Setup{Hash: "1", Actions: map[string]Action{"undo": {}, "oncall": {}}, Sources: map[string]Source{"prom": {}}})
	if n, sum := series(t, reg, "haldane_deliveries_total"); n != 6 || sum != 0 {
		t.Errorf("%d counters of deliveries that stand at %v, want 3 outcomes of 2 actions", n, sum)
	}
	if n, sum := series(t, reg, "haldane_source_requests_total"); n != 2 || sum != 0 {
		t.Errorf("%d counters of requests that stand at %v, want 2 outcomes of 1 source", n, sum)
	}
	m.deliveries.WithLabelValues("undo", "failed").Inc()
	m.config(&Setup{Hash: "2", Actions: map[string]Action{"undo": {}}})
	if n, sum := series(t, reg, "haldane_deliveries_total"); n != 6 || sum != 1 {
		t.Errorf("after a reload %d counters stand at %v, not where they were", n, sum)
	}
	if n, sum := series(t, reg, "haldane_config_info"); n != 1 || sum != 1 {
		t.Errorf("%d configs in force", n)
	}
}
