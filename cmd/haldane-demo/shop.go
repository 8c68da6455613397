package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// sample is one value of one series.
type sample struct {
	labels map[string]string
	value  float64
}

// shop is a made-up web shop whose versions serve customers side by side. Every
// version has a counter of requests by status code and a latency histogram, named
// and labelled as Go services usually do.
type shop struct {
	mu       sync.Mutex
	random   *rand.Rand
	minute   time.Duration // how long a minute of the shop lasts
	versions map[string]*behaviour
}

// behaviour is how one version serves.
type behaviour struct {
	perMinute float64 // requests
	errors    func(age time.Duration) float64
	latency   float64 // median, seconds
	since     time.Time

	codes   map[string]float64
	buckets []float64
	count   float64
	sum     float64
}

// bounds of the latency histogram, in seconds: client_golang's defaults.
var bounds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

func newShop(minute time.Duration, seed uint64) *shop {
	return &shop{random: rand.New(rand.NewPCG(seed, seed)), minute: minute, versions: map[string]*behaviour{}}
}

// deploy lets a version serve; errors is the share of failing requests at an age
// in the shop's time.
func (s *shop) deploy(version string, perMinute, latency float64, errors func(age time.Duration) float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions[version] = &behaviour{
		perMinute: perMinute, latency: latency, errors: errors, since: time.Now(),
		codes: map[string]float64{"200": 0, "500": 0}, buckets: make([]float64, len(bounds)),
	}
}

// remove ends a version.
func (s *shop) remove(version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.versions, version)
}

// serve lets customers come until ctx ends, and scrapes the shop five times a
// minute of its own time.
func (s *shop) serve(ctx context.Context, store *metricStore) error {
	every := s.minute / 5
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-t.C:
			s.customers(now, float64(every)/float64(s.minute))
			if err := store.scrape(ctx, now, s.samples()); err != nil && ctx.Err() == nil {
				return fmt.Errorf("scrape: %w", err)
			}
		}
	}
}

// customers come for a part of a minute.
func (s *shop) customers(now time.Time, minutes float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	load := 1 + 0.1*s.random.NormFloat64() // the same busy moments for all versions
	for _, b := range s.versions {
		age := time.Duration(float64(now.Sub(b.since)) * float64(time.Minute) / float64(s.minute))
		share := b.errors(age)
		for range s.poisson(b.perMinute * minutes * max(0, load)) {
			b.request(s.random, share)
		}
	}
}

func (b *behaviour) request(r *rand.Rand, errors float64) {
	code := "200"
	if r.Float64() < errors {
		code = "500"
	}
	b.codes[code]++
	took := b.latency * math.Exp(0.5*r.NormFloat64())
	b.sum += took
	b.count++
	for i, bound := range bounds {
		if took <= bound {
			b.buckets[i]++
		}
	}
}

// poisson draws how many customers come when so many are expected; for the large
// numbers here the normal approximation is as good.
func (s *shop) poisson(mean float64) int {
	return int(math.Round(max(0, mean+math.Sqrt(mean)*s.random.NormFloat64())))
}

// samples are what a scrape of all versions finds.
func (s *shop) samples() []sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []sample
	for version, b := range s.versions {
		add := func(name string, value float64, more ...string) {
			l := map[string]string{"__name__": name, "app": "shop", "version": version}
			for i := 0; i < len(more); i += 2 {
				l[more[i]] = more[i+1]
			}
			out = append(out, sample{l, value})
		}
		for code, n := range b.codes {
			add("http_requests_total", n, "code", code)
		}
		for i, bound := range bounds {
			add("http_request_duration_seconds_bucket", b.buckets[i], "le", strconv.FormatFloat(bound, 'g', -1, 64))
		}
		add("http_request_duration_seconds_bucket", b.count, "le", "+Inf")
		add("http_request_duration_seconds_sum", b.sum)
		add("http_request_duration_seconds_count", b.count)
	}
	return out
}
