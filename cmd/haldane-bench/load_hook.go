package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// loadHook is the deploy tool of "load": it records when rollbacks arrive.
type loadHook struct {
	mu      sync.Mutex
	late    []time.Duration // from the verdict to the first arrival
	arrived map[string]int  // by service
}

// ServeHTTP receives a webhook.
func (h *loadHook) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	at := time.Now()
	var body struct {
		Type      string
		Timestamp time.Time // of the verdict
		Data      struct{ Run analysis.Run }
	}
	b, _ := io.ReadAll(r.Body)
	if json.Unmarshal(b, &body) != nil || r.URL.Path != undoPath {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	service := body.Data.Run.Service
	if h.arrived[service]++; h.arrived[service] == 1 {
		h.late = append(h.late, at.Sub(body.Timestamp))
	}
}

// rollbacksSeen are what arrived.
type rollbacksSeen struct {
	Asked   int    `json:"asked"` // runs that had to fail
	Arrived int    `json:"arrived"`
	Twice   int    `json:"twice"`
	Wrong   int    `json:"wrong"` // of good releases
	Late    spread `json:"late"`  // seconds from the verdict to the webhook
}

func (h *loadHook) seen(asked int) rollbacksSeen {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := rollbacksSeen{Asked: asked, Late: spreadOf(h.late)}
	for service, n := range h.arrived {
		switch {
		case !strings.HasPrefix(service, badPrefix):
			s.Wrong++
			continue
		case n > 1:
			s.Twice++
		}
		s.Arrived++
	}
	return s
}
