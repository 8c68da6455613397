package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// exporter shows the shop as a client library of Prometheus shows any service.
type exporter struct {
	shop               *shop
	requests, duration *prometheus.Desc
}

func newExporter(s *shop) exporter {
	return exporter{
		shop:     s,
		requests: prometheus.NewDesc("http_requests_total", "Requests by status code.", []string{"app", "version", "code"}, nil),
		duration: prometheus.NewDesc("http_request_duration_seconds", "How long requests took.", []string{"app", "version"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (e exporter) Describe(ch chan<- *prometheus.Desc) {
	ch <- e.requests
	ch <- e.duration
}

// Collect implements prometheus.Collector.
func (e exporter) Collect(ch chan<- prometheus.Metric) {
	e.shop.mu.Lock()
	defer e.shop.mu.Unlock()
	for version, b := range e.shop.versions {
		for code, n := range b.codes {
			ch <- prometheus.MustNewConstMetric(e.requests, prometheus.CounterValue, n, "shop", version, code)
		}
		below := make(map[float64]uint64, len(bounds))
		for i, bound := range bounds {
			below[bound] = uint64(b.buckets[i])
		}
		ch <- prometheus.MustNewConstHistogram(e.duration, uint64(b.count), b.sum, below, "shop", version)
	}
}

// exportHandler serves the shop's metrics and, with a secret, plays the deploy tool
// (/rollback ends the version that it names) and the people who are told (/told).
func exportHandler(s *shop, secret string, out io.Writer) (http.Handler, error) {
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(newExporter(s)); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	if secret == "" {
		return mux, nil
	}
	var printing sync.Mutex
	say := func(format string, args ...any) {
		printing.Lock()
		defer printing.Unlock()
		fmt.Fprintf(out, format+"\n", args...)
	}
	tool, err := newDeployTool(secret, func(r rollback) {
		s.remove(r.From)
		say("deploy tool: rolled %s back from %s to %s: %s", r.Service, r.From, r.To, r.Reason)
	})
	if err != nil {
		return nil, fmt.Errorf("HOOK_SECRET: %w", err)
	}
	mux.Handle("POST /rollback", tool)
	mux.Handle("POST /told", people{tool.verifier, say})
	return mux, nil
}

// people are told what Haldane did: every webhook is one line.
type people struct {
	verifier *standardwebhooks.Webhook
	say      func(format string, args ...any)
}

func (p people) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil {
		err = p.verifier.Verify(body, r.Header)
	}
	if err != nil {
		http.Error(w, "signature: "+err.Error(), http.StatusUnauthorized)
		return
	}
	var event struct {
		Type string `json:"type"`
		Data struct {
			Reason string `json:"reason"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.say("people are told: %s: %s", event.Type, event.Data.Reason)
}
