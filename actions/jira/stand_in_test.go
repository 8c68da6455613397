package jira_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// node is a part of an ADF document, with the fields that its schema has of what is
// used here.
type node struct {
	Type    string `json:"type"`
	Version int    `json:"version"`
	Text    string `json:"text"`
	Marks   []struct {
		Type  string            `json:"type"`
		Attrs map[string]string `json:"attrs"`
	} `json:"marks"`
	Content []node `json:"content"`
}

type issue struct {
	key, summary string
	labels       []string
	priority     string
	description  node
	comments     []node
	done         bool
}

// standIn answers as Jira Cloud's API v3 does.
type standIn struct {
	*httptest.Server

	mu     sync.Mutex
	issues []*issue
	calls  []string
	lose   string // the path whose next answer gets lost
	refuse bool
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
	path := strings.TrimPrefix(r.URL.Path, "/rest/api/3")
	s.calls = append(s.calls, r.Method+" "+path)
	status, answer := s.call(r, path)
	if s.lose == path {
		s.lose = ""
		conn, _, _ := w.(http.Hijacker).Hijack()
		_ = conn.Close()
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

type object = map[string]any

func no(status int, words string) (int, object) {
	return status, object{"errorMessages": []string{words}, "errors": object{}}
}

func (s *standIn) call(r *http.Request, path string) (int, object) {
	email, token, _ := r.BasicAuth()
	if email != "haldane@example.com" || token != "t0ken" {
		return no(401, "Client must be authenticated to access this resource.")
	}
	if r.Method == http.MethodPost && r.Header.Get("Content-Type") != "application/json" {
		return 415, object{}
	}
	key, comments := strings.CutSuffix(strings.TrimPrefix(path, "/issue/"), "/comment")
	switch {
	case path == "/myself":
		return 200, object{"accountId": "5b10", "displayName": "Haldane"}
	case path == "/mypermissions":
		return 200, object{"permissions": object{"CREATE_ISSUES": object{"havePermission": !s.refuse}}}
	case path == "/search":
		return no(410, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")
	case path == "/search/jql" && r.Method == http.MethodPost:
		return s.search(r)
	case path == "/issue" && r.Method == http.MethodPost:
		return s.create(r)
	case comments:
		return s.comment(r, key)
	}
	return no(404, "no such path")
}

var jqlForm = regexp.MustCompile(`^project = "(\w+)" AND labels = "([\w.-]+)" AND statusCategory != Done ORDER BY created DESC$`)

func (s *standIn) search(r *http.Request) (int, object) {
	var q struct {
		JQL    string   `json:"jql"`
		Max    int      `json:"maxResults"`
		Fields []string `json:"fields"`
	}
	if why := decode(r, &q); why != "" {
		return no(400, why)
	}
	m := jqlForm.FindStringSubmatch(q.JQL)
	if m == nil {
		return no(400, "Error in the JQL Query")
	}
	var found []object
	for _, i := range slices.Backward(s.issues) {
		if strings.HasPrefix(i.key, m[1]+"-") && slices.Contains(i.labels, m[2]) && !i.done && len(found) < q.Max {
			found = append(found, object{"key": i.key, "fields": object{"description": i.description}})
		}
	}
	return 200, object{"issues": found, "isLast": true}
}

func decode(r *http.Request, into any) string {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err.Error()
	}
	return ""
}

func (s *standIn) create(r *http.Request) (int, object) {
	type named struct {
		Key  string `json:"key"`
		Name string `json:"name"`
	}
	var q struct {
		Fields struct {
			Project     named    `json:"project"`
			IssueType   named    `json:"issuetype"`
			Priority    named    `json:"priority"`
			Summary     string   `json:"summary"`
			Description node     `json:"description"`
			Labels      []string `json:"labels"`
		} `json:"fields"`
	}
	if why := decode(r, &q); why != "" {
		return no(400, why)
	}
	f := q.Fields
	wrong := object{}
	if f.Project.Key != "OPS" {
		wrong["project"] = "valid project is required"
	}
	if n := utf8.RuneCountInString(f.Summary); n == 0 || n > 255 || strings.Contains(f.Summary, "\n") {
		wrong["summary"] = "Summary can't exceed 255 characters."
	}
	if f.IssueType.Name != "Task" {
		wrong["issuetype"] = "Specify a valid issue type"
	}
	for _, l := range f.Labels {
		if strings.Contains(l, " ") || len(l) > 255 || l == "" {
			wrong["labels"] = "The label '" + l + "' contains spaces which is invalid."
		}
	}
	if why := adf(f.Description, "doc"); why != "" {
		wrong["description"] = why
	}
	if len(wrong) > 0 {
		return 400, object{"errorMessages": []string{}, "errors": wrong}
	}
	i := &issue{key: fmt.Sprintf("OPS-%d", len(s.issues)+1), summary: f.Summary, labels: f.Labels, priority: f.Priority.Name, description: f.Description}
	s.issues = append(s.issues, i)
	return 201, object{"id": "1000", "key": i.key, "self": s.URL}
}

// adf checks a document by the schema: which nodes stand where, and that none is empty.
func adf(n node, want ...string) string {
	if !slices.Contains(want, n.Type) {
		return "INVALID_INPUT: " + n.Type + " where " + strings.Join(want, ", ") + " should be"
	}
	below := map[string][]string{"doc": {"paragraph", "bulletList"}, "bulletList": {"listItem"}, "listItem": {"paragraph"}, "paragraph": {"text"}}[n.Type]
	if n.Type == "text" && n.Text == "" || n.Type != "text" && len(n.Content) == 0 || n.Type == "doc" && n.Version != 1 {
		return "INVALID_INPUT: empty " + n.Type
	}
	for _, c := range n.Content {
		if why := adf(c, below...); why != "" {
			return why
		}
	}
	if n.Type == "doc" && utf8.RuneCountInString(n.all()) > 32_767 {
		return "CONTENT_LIMIT_EXCEEDED"
	}
	return ""
}

func (n node) all() string {
	s := n.Text
	for _, c := range n.Content {
		s += c.all()
	}
	return s
}

func (s *standIn) comment(r *http.Request, key string) (int, object) {
	for _, i := range s.issues {
		if i.key != key {
			continue
		}
		if r.Method == http.MethodGet {
			var list []object
			for _, c := range i.comments {
				list = append(list, object{"body": c})
			}
			return 200, object{"comments": list, "total": len(list)}
		}
		var q struct {
			Body node `json:"body"`
		}
		if why := decode(r, &q); why != "" {
			return no(400, why)
		}
		if why := adf(q.Body, "doc"); why != "" {
			return no(400, why)
		}
		i.comments = append(i.comments, q.Body)
		return 201, object{"id": fmt.Sprint(len(i.comments))}
	}
	return no(404, "Issue does not exist or you do not have permission to see it.")
}
