package main

import (
	"github.com/prometheus/client_golang/prometheus"
)

var (
	requestsDesc = prometheus.NewDesc("http_requests_total", "Requests by status code.", []string{"app", "version", "code"}, nil)
	durationDesc = prometheus.NewDesc("http_request_duration_seconds", "Time that requests took.", []string{"app", "version"}, nil)
)

// exporter shows the shop as a Prometheus client library shows any service.
type exporter struct{ shop *shop }

// Describe implements prometheus.Collector.
func (e exporter) Describe(ch chan<- *prometheus.Desc) {
	ch <- requestsDesc
	ch <- durationDesc
}

// Collect implements prometheus.Collector.
func (e exporter) Collect(ch chan<- prometheus.Metric) {
	e.shop.mu.Lock()
	defer e.shop.mu.Unlock()
	for version, b := range e.shop.versions {
		for code, n := range b.codes {
			ch <- prometheus.MustNewConstMetric(requestsDesc, prometheus.CounterValue, n, "shop", version, code)
		}
		below := map[float64]uint64{}
		for i, bound := range bounds {
			below[bound] = uint64(b.buckets[i])
		}
		ch <- prometheus.MustNewConstHistogram(durationDesc, uint64(b.count), b.sum, below, "shop", version)
	}
}
