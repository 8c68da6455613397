package actions_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions"
	"github.com/haldane-dev/haldane/actions/slack"
	"github.com/haldane-dev/haldane/actions/webhook"
	"github.com/haldane-dev/haldane/config"
)

// load reads a config file with the real actions.
func load(t *testing.T, text string) (*config.Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "haldane.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"NEW": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=", "OLD": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDC2FVsBQIhrs=",
		"TOKEN": "planted-Token",
	}
	return config.Load(file, config.Types{
		Actions: actions.Types(),
		Env:     func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	})
}

// TestLoad reads sections through the loader: secrets in lists, maps and inside of
// other text among them.
func TestLoad(t *testing.T) {
	c, err := load(t, `
actions:
  undo:
    type: webhook
    url: "https://deploy.example.com/{{.Run.Service}}?token=${env:TOKEN}"
    secret: ["${env:NEW}", "${env:OLD}"]
    headers: {X-Api-Key: "${env:TOKEN}", X-To: "{{.Rollback.To}}"}
    body: '{"to": "{{.Rollback.To}}"}'
    basic_auth: {username: haldane, password: "${env:TOKEN}"}
  tell:
    type: webhook
    url: "https://hooks.example.com/"
    secret: "${env:NEW}"
    changes_world: false
    timeout: 3s
  oncall: {type: slack, token: "xoxb-${env:TOKEN}", channel: "#oncall", mention: {critical: "<!subteam^S1>"}}
  hook: {type: slack, webhook_url: "https://hooks.slack.com/services/${env:TOKEN}", broadcast: false}
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
	}
	undo, tell := byName["undo"].(*webhook.Settings), byName["tell"].(*webhook.Settings)
	if !strings.HasSuffix(undo.URL.Reveal(), "?token=planted-Token") || undo.Headers["X-Api-Key"].Reveal() != "planted-Token" ||
		undo.BasicAuth.Password.Reveal() != "planted-Token" || !undo.ChangesWorld() || undo.Timeout.String() != "10s" {
		t.Errorf("undo is %+v", undo)
	}
	if len(undo.Secret) != 2 || !strings.HasPrefix(undo.Secret[1].Reveal(), "whsec_C2F") || len(tell.Secret) != 1 {
		t.Error("the signing secrets were not read")
	}
	if tell.ChangesWorld() || tell.Timeout.String() != "3s" {
		t.Errorf("tell is %+v", tell)
	}
	oncall, hook := byName["oncall"].(*slack.Settings), byName["hook"].(*slack.Settings)
	if oncall.Token.Reveal() != "xoxb-planted-Token" || oncall.Mention["critical"] != "<!subteam^S1>" || !oncall.Broadcast || hook.Broadcast {
		t.Errorf("oncall is %+v, hook is %+v", oncall, hook)
	}
}

// TestLoadMistakes: what Check finds comes out with its line, and tells no secret.
func TestLoadMistakes(t *testing.T) {
	_, err := load(t, `
actions:
  undo:
    type: webhook
    url: "https://{{.Run.Service}}/${env:TOKEN}"
    secret:
      - "${env:NEW}"
      - "${env:TOKEN}"
    headers:
      Webhook-Id: "${env:TOKEN}"
    tls: {cert: /nowhere}
    metod: POST
  oncall:
    type: slack
    token: "${env:TOKEN} "
    mention: {critical: "@oncall"}
`)
	var m *config.Mistakes
	if !errors.As(err, &m) {
		t.Fatalf("error %v, want mistakes", err)
	}
	lines := map[int]string{
		5: "scheme or host", 7: "whsec_", 10: "set by Haldane", 11: "key", 12: "unknown key", 15: "token", 16: "mention", 14: "channel",
	}
	for line, says := range lines {
		found := false
		for _, one := range m.List {
			found = found || one.Line == line && strings.Contains(one.Path+" "+one.Message, says)
		}
		if !found {
			t.Errorf("no mistake in line %d that says %q", line, says)
		}
	}
	if strings.Contains(err.Error(), "planted-Token") {
		t.Errorf("a secret got out: %v", err)
	}
	if t.Failed() {
		t.Log(err)
	}
}

// TestLoadMissingSecret: a secret that is missing is one mistake, with what to do; what
// it should have looked like is not known.
func TestLoadMissingSecret(t *testing.T) {
	for _, secret := range []string{`"${env:NOWHERE}"`, `["${env:NOWHERE}"]`} {
		_, err := load(t, `
actions:
  undo: {type: webhook, url: "https://deploy.example.com", secret: `+secret+`}
`)
		var m *config.Mistakes
		if !errors.As(err, &m) || len(m.List) != 1 || !strings.Contains(err.Error(), "environment variable NOWHERE: not set, or empty (try: export NOWHERE=...)") {
			t.Errorf("secret %s: error %v", secret, err)
		}
	}
}
