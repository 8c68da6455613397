package alertmanager_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// alert has the fields of postableAlert in Alertmanager's OpenAPI; anything else is a
// mistake of ours.
type alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
}

// standIn answers as Alertmanager does, where a real one cannot be made to: with
// credentials, down, in parts.
type standIn struct {
	*httptest.Server
	header, want string // that a request must have

	mu     sync.Mutex
	posts  [][]alert
	broken int  // the status instead of its own; 0: none
	echo   bool // refuses, and repeats what it was sent
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	s := &standIn{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP answers one call.
func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.echo:
		w.WriteHeader(http.StatusForbidden)
		for _, values := range r.Header {
			_, _ = io.WriteString(w, strings.Join(values, " "))
		}
		_, password, _ := r.BasicAuth()
		_, _ = io.WriteString(w, password)
	case s.broken != 0:
		w.WriteHeader(s.broken)
	case s.header != "" && r.Header.Get(s.header) != s.want:
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/am/api/v2/status" && r.Method == http.MethodGet:
		_ = json.NewEncoder(w).Encode(map[string]any{"versionInfo": map[string]string{"version": "0.25.0"}})
	case r.URL.Path != "/am/api/v2/alerts" || r.Method != http.MethodPost:
		w.WriteHeader(http.StatusNotFound)
	case r.Header.Get("Content-Type") != "application/json":
		w.WriteHeader(http.StatusUnsupportedMediaType)
	default:
		s.take(w, r)
	}
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

func (s *standIn) take(w http.ResponseWriter, r *http.Request) {
	var list []alert
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	why := ""
	if err := dec.Decode(&list); err != nil {
		why = err.Error()
	}
	for _, a := range list {
		if _, err := url.Parse(a.GeneratorURL); err != nil {
			why = "generatorURL"
		}
		if len(a.Labels) == 0 || !a.EndsAt.IsZero() && a.EndsAt.Before(a.StartsAt) {
			why = "no labels, or it ends before it starts"
		}
		for _, m := range []map[string]string{a.Labels, a.Annotations} {
			for name := range m {
				if !labelName.MatchString(name) {
					why = "invalid label set: invalid name " + name
				}
			}
		}
	}
	if why != "" {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(why)
		return
	}
	s.posts = append(s.posts, list)
}

func (s *standIn) breaks(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = status
}

func (s *standIn) repeats() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.echo = true
}

func (s *standIn) got() [][]alert {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.posts)
}

// names are those of the alerts of the last post, and whether each is over.
func (s *standIn) names(t *testing.T) (on, over []string) {
	t.Helper()
	got := s.got()
	if len(got) == 0 {
		return nil, nil
	}
	for _, a := range got[len(got)-1] {
		if a.EndsAt.After(time.Now()) {
			on = append(on, a.Labels["alertname"])
		} else {
			over = append(over, a.Labels["alertname"])
		}
	}
	return on, over
}

func reader(b []byte) *bytes.Reader { return bytes.NewReader(b) }
