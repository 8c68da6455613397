package jira

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Action keeps issues in one project.
type Action struct {
	settings *Settings
	parts    parts
	client   *web.Client
	words    *config.Composer
}

var (
	_ analysis.Action  = (*Action)(nil)
	_ analysis.Checker = (*Action)(nil)
)

// refIssue is the key of a run's issue in its receipts.
const refIssue = "issue"

// Perform implements analysis.Action. What needs no person before there is an issue is
// not told: nobody wants an issue about a release that passed.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	m := a.words.Compose(d)
	r := analysis.Receipt{Text: "no issue is needed", Done: true}
	issue := known(d.Earlier)
	wanted := m.Urgent || m.Mood == config.MoodBad || m.Mood == config.MoodUnsure
	if issue == "" && !wanted {
		r.At = time.Now()
		return r, nil
	}
	var told bool // by an earlier attempt
	var err error
	if issue == "" {
		if issue, told, err = a.find(ctx, d); err != nil {
			return analysis.Receipt{}, err
		}
	} else if d.Attempts > 1 {
		if told, err = a.commented(ctx, issue, d.ID); err != nil {
			return analysis.Receipt{}, err
		}
	}
	switch {
	case told:
		r.Text = "told in " + issue + " before"
	case issue == "":
		if issue, err = a.create(ctx, d, m); err != nil {
			return analysis.Receipt{}, err
		}
		r.Text = "made " + issue
	default:
		if err := a.comment(ctx, issue, document(m, d.ID)); err != nil {
			return analysis.Receipt{}, err
		}
		r.Text = "commented on " + issue
	}
	r.At, r.Refs = time.Now(), map[string]string{refIssue: issue}
	return r, nil
}

// known finds the issue of a run in its receipts.
func known(earlier []analysis.Receipt) string {
	issue := ""
	for _, r := range earlier {
		if issueForm.MatchString(r.Refs[refIssue]) {
			issue = r.Refs[refIssue]
		}
	}
	return issue
}

// find looks for the open issue of a delivery's service, and whether an earlier attempt
// has told it there.
func (a *Action) find(ctx context.Context, d analysis.Delivery) (issue string, told bool, err error) {
	project, err := a.project(d)
	if err != nil {
		return "", false, err
	}
	var answer struct {
		Issues []struct {
			Key    string          `json:"key"`
			Fields json.RawMessage `json:"fields"`
		} `json:"issues"`
	}
	// Both names are of letters that need no escaping in JQL.
	jql := `project = "` + project + `" AND labels = "` + label(d) + `" AND statusCategory != Done ORDER BY created DESC`
	err = a.send(ctx, http.MethodPost, "/rest/api/3/search/jql", map[string]any{
		"jql": jql, "maxResults": 1, "fields": []string{"description"},
	}, &answer, d.ID)
	if err != nil || len(answer.Issues) == 0 {
		return "", false, err
	}
	issue = answer.Issues[0].Key
	if !issueForm.MatchString(issue) {
		return "", false, a.client.Nonsense()
	}
	if d.Attempts > 1 {
		if told = strings.Contains(string(answer.Issues[0].Fields), d.ID); !told {
			told, err = a.commented(ctx, issue, d.ID)
		}
	}
	return issue, told, err
}

// commented reports whether a delivery stands in one of the last comments.
func (a *Action) commented(ctx context.Context, issue, id string) (bool, error) {
	var comments struct {
		Comments []json.RawMessage `json:"comments"`
	}
	err := a.send(ctx, http.MethodGet, "/rest/api/3/issue/"+issue+"/comment?orderBy=-created&maxResults=50", nil, &comments, "")
	for _, c := range comments.Comments {
		if strings.Contains(string(c), id) {
			return true, nil
		}
	}
	return false, err
}

// create makes an issue and returns its key.
func (a *Action) create(ctx context.Context, d analysis.Delivery, m config.Message) (string, error) {
	project, err := a.project(d)
	if err != nil {
		return "", err
	}
	labels := []string{"haldane", label(d)}
	for _, name := range a.parts.labels {
		s, err := name.Of(config.NewMessageData(d))
		if err != nil {
			return "", err
		}
		labels = append(labels, clean(s))
	}
	fields := map[string]any{
		"project": map[string]string{"key": project}, "issuetype": map[string]string{"name": a.settings.IssueType},
		"summary": config.Cut(m.Title, maxSummary), "description": document(m, d.ID), "labels": labels,
	}
	priority, ok := a.settings.Priority[m.Severity]
	if !ok {
		priority = a.settings.Priority["any"]
	}
	if priority != "" {
		fields["priority"] = map[string]string{"name": priority}
	}
	var made struct {
		Key string `json:"key"`
	}
	if err := a.send(ctx, http.MethodPost, "/rest/api/3/issue", map[string]any{"fields": fields}, &made, ""); err != nil {
		return "", err
	}
	if !issueForm.MatchString(made.Key) {
		return "", a.client.Nonsense()
	}
	return made.Key, nil
}

func (a *Action) comment(ctx context.Context, issue string, body node) error {
	var made struct {
		ID string `json:"id"`
	}
	err := a.send(ctx, http.MethodPost, "/rest/api/3/issue/"+issue+"/comment", map[string]any{"body": body}, &made, "")
	if err == nil && made.ID == "" {
		return a.client.Nonsense()
	}
	return err
}

// project is the key of a delivery's project.
func (a *Action) project(d analysis.Delivery) (string, error) {
	key, err := a.parts.project.Of(config.NewMessageData(d))
	if err == nil && !projectForm.MatchString(key) {
		err = analysis.Errorf(analysis.Invalid, "%s: project: what the template makes of this run is not the key of a project", a.client.Who())
	}
	return key, err
}

// label is that of a service and environment, by which their open issue is found.
func label(d analysis.Delivery) string {
	run := config.NewMessageData(d).Run
	return clean("haldane-" + run.Service + "-" + run.Environment)
}

// clean makes a label of a text: Jira's have no spaces and 255 characters.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '_'
	}, s)
	return s[:min(len(s), 255)]
}

// send sends one request. Of an error Jira's own words are shown, which stand in lists.
func (a *Action) send(ctx context.Context, method, path string, v, into any, mark string) error {
	r := web.Request{Method: method, Path: path, Mark: mark}
	if v != nil {
		var err error
		if r.Body, err = web.Encode(v); err != nil {
			return err
		}
	}
	answer, err := a.client.Send(ctx, r)
	if err == nil {
		return answer.JSON(into)
	}
	var said struct {
		Messages []string          `json:"errorMessages"`
		Errors   map[string]string `json:"errors"`
	}
	if json.Unmarshal(answer.Body, &said) == nil && len(said.Messages)+len(said.Errors) > 0 {
		for _, field := range []string{"project", "issuetype", "summary", "description", "labels", "priority"} {
			if words := said.Errors[field]; words != "" {
				said.Messages = append(said.Messages, field+": "+words)
			}
		}
		return answer.Reworded(err, strings.Join(said.Messages, "; "))
	}
	return err
}

// Check implements analysis.Checker: the account is let in, and may make issues in the
// project when its key is no template.
func (a *Action) Check(ctx context.Context) error {
	if strings.Contains(a.settings.Project, "{{") {
		var me struct {
			AccountID string `json:"accountId"`
		}
		err := a.send(ctx, http.MethodGet, "/rest/api/3/myself", nil, &me, "")
		if err == nil && me.AccountID == "" {
			return a.client.Nonsense()
		}
		return err
	}
	var may struct {
		Permissions map[string]struct {
			Have bool `json:"havePermission"`
		} `json:"permissions"`
	}
	path := "/rest/api/3/mypermissions?permissions=CREATE_ISSUES&projectKey=" + a.settings.Project
	if err := a.send(ctx, http.MethodGet, path, nil, &may, ""); err != nil {
		return err
	}
	p, ok := may.Permissions["CREATE_ISSUES"]
	switch {
	case !ok:
		return a.client.Nonsense()
	case !p.Have:
		return analysis.Errorf(analysis.Denied, "%s: the account may not make issues in %s", a.client.Who(), a.settings.Project).
			WithHint("give it the permission Create Issues")
	}
	return nil
}
