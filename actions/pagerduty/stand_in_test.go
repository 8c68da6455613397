package pagerduty_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

const routingKey = "0123456789abcdef0123456789abcdef"

// event has the fields of V2Event and V2Payload in PagerDuty's own Go client
// (go-pagerduty 1.8): anything else in a body is a mistake of ours.
type event struct {
	RoutingKey string `json:"routing_key"`
	Action     string `json:"event_action"`
	DedupKey   string `json:"dedup_key"`
	Images     []any  `json:"images"`
	Links      []struct {
		Href string `json:"href"`
		Text string `json:"text"`
	} `json:"links"`
	Client    string `json:"client"`
	ClientURL string `json:"client_url"`
	Payload   *struct {
		Summary   string         `json:"summary"`
		Source    string         `json:"source"`
		Severity  string         `json:"severity"`
		Timestamp string         `json:"timestamp"`
		Component string         `json:"component"`
		Group     string         `json:"group"`
		Class     string         `json:"class"`
		Details   map[string]any `json:"custom_details"`
	} `json:"payload"`

	path string
}

// standIn answers as the Events API does, by its documentation: required fields,
// lengths, 512 KB; alerts that are open, and resolves that are dropped.
type standIn struct {
	*httptest.Server

	mu     sync.Mutex
	events []event
	open   map[string]int // triggers by dedup_key
	pages  int            // how often somebody was called
	lose   int            // so many answers get lost after the work is done
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	s := &standIn{open: map[string]int{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP answers one call.
func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	code, answer := s.take(r, body)
	if s.lose > 0 {
		s.lose--
		conn, _, _ := w.(http.Hijacker).Hijack()
		_ = conn.Close()
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *standIn) take(r *http.Request, body []byte) (int, map[string]any) {
	switch {
	case r.URL.Path != "/v2/enqueue" && r.URL.Path != "/v2/change/enqueue":
		return 404, map[string]any{"message": "no such path"}
	case r.Method != http.MethodPost:
		return 405, nil
	case r.Header.Get("Content-Type") != "application/json":
		return 415, nil
	case len(body) > 512<<10:
		return 413, nil
	}
	e := event{path: r.URL.Path}
	dec := json.NewDecoder(bytesReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return invalid(err.Error())
	}
	if wrong := check(e); len(wrong) > 0 {
		return invalid(wrong...)
	}
	s.events = append(s.events, e)
	s.account(e)
	return 202, map[string]any{"status": "success", "message": "Event processed", "dedup_key": e.DedupKey}
}

// account keeps the alerts: a trigger of one that is open is a line in its log.
func (s *standIn) account(e event) {
	switch e.Action {
	case "trigger":
		if s.open[e.DedupKey]++; s.open[e.DedupKey] == 1 {
			s.pages++
		}
	case "resolve":
		delete(s.open, e.DedupKey)
	}
}

func invalid(errors ...string) (int, map[string]any) {
	return 400, map[string]any{"status": "invalid event", "message": "Event object is invalid", "errors": errors}
}

// check applies the documented rules to an event.
func check(e event) []string {
	var wrong []string
	require := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	require(len(e.RoutingKey) == 32, "Length of 'routing_key' is incorrect (should be 32 characters)")
	isChange := e.path == "/v2/change/enqueue"
	if isChange {
		require(e.Action == "" && e.DedupKey == "" && e.Client == "", "a change event has no action")
	} else {
		require(slices.Contains([]string{"trigger", "acknowledge", "resolve"}, e.Action), "'event_action' is invalid")
		require(e.DedupKey != "" && utf8.RuneCountInString(e.DedupKey) <= 255, "'dedup_key' is invalid")
	}
	if isChange || e.Action == "trigger" {
		if e.Payload == nil {
			return append(wrong, "'payload' is missing")
		}
		n := utf8.RuneCountInString(e.Payload.Summary)
		require(n > 0 && n <= 1024, "'payload.summary' has %d characters", n)
		require(e.Payload.Source != "", "'payload.source' is missing")
		_, err := time.Parse(time.RFC3339, e.Payload.Timestamp)
		require(err == nil, "'payload.timestamp' is invalid")
		severities := []string{"critical", "error", "warning", "info"}
		if isChange {
			severities = []string{""}
		}
		require(slices.Contains(severities, e.Payload.Severity), "'payload.severity' is invalid")
	}
	for _, l := range e.Links {
		u, err := url.Parse(l.Href)
		require(err == nil && u.Host != "", "a link has no href")
	}
	return wrong
}

func (s *standIn) got() []event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}
