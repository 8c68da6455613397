package actions_test

import (
	"testing"

	"github.com/haldane-dev/haldane/actions/alertmanager"
	"github.com/haldane-dev/haldane/actions/email"
	"github.com/haldane-dev/haldane/actions/jira"
	"github.com/haldane-dev/haldane/actions/pagerduty"
	"github.com/haldane-dev/haldane/config"
)

// TestLoadTelling reads a section of each action that tells people through the loader.
func TestLoadTelling(t *testing.T) {
	c, err := load(t, `
actions:
  page: {type: pagerduty, routing_key: "0123456789abcdef-x-${env:TOKEN}", region: eu, max_per_minute: 7}
  calm: {type: pagerduty, routing_key: "0123456789abcdef-x-${env:TOKEN}"}
  alerts: {type: alertmanager, urls: ["http://a:9093", "http://b:9093"], labels: {team: "{{.Plan.Owner}}"}, keep: 2h, bearer_token: "${env:TOKEN}"}
  teams: {type: teams, webhook_url: "https://x.logic.azure.com/workflows/1?sig=${env:TOKEN}"}
  discord: {type: discord, webhook_url: "https://discord.com/api/webhooks/1/${env:TOKEN}", thread_id: "77"}
  mail: {type: email, server: "smtp.example.com:465", security: tls, username: haldane, password: "${env:TOKEN}", from: h@example.com, to: [a@example.com]}
  marks: {type: grafana, url: "https://grafana.example.com", token: "${env:TOKEN}", tags: ["tier:{{.Plan.Labels.tier}}"]}
  issues: {type: jira, url: "https://acme.atlassian.net", email: h@example.com, token: "${env:TOKEN}", project: OPS, priority: {critical: Highest}}
`)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]config.ActionSettings{}
	for _, a := range c.Actions {
		byName[a.Name] = a.Settings
		if _, err := a.Settings.Open(config.Env{Name: a.Name}); err != nil {
			t.Errorf("%s: %v", a.Name, err)
		}
		if a.Settings.ChangesWorld() || !a.Settings.Threads() {
			t.Errorf("%s: it tells people, and how a rollback goes on", a.Name)
		}
	}
	for name, want := range map[string]int{"page": 7, "calm": 0, "alerts": 0, "teams": 30, "marks": 0} {
		if got := byName[name].Common().Limit(); got != want {
			t.Errorf("%s: at most %d messages a minute, want %d", name, got, want)
		}
	}
	page, alerts := byName["page"].(*pagerduty.Settings), byName["alerts"].(*alertmanager.Settings)
	mail, issues := byName["mail"].(*email.Settings), byName["issues"].(*jira.Settings)
	if page.Region != "eu" || !page.ChangeEvents || alerts.FollowFor().String() != "2h" || alerts.Resend.String() != "1m" ||
		mail.Password.Reveal() != "planted-Token" || issues.IssueType != "Task" || issues.Priority["critical"] != "Highest" {
		t.Errorf("page %+v, alerts %+v, mail %+v, issues %+v", page, alerts, mail, issues)
	}
}
