package slack

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Settings are the settings of one Slack channel.
type Settings struct {
	config.ActionCommon `yaml:",inline"`

	Token      config.Secret     `yaml:"token" doc:"of the bot (xoxb-...), with the scope chat:write"`
	Channel    string            `yaml:"channel" doc:"where the bot posts: #name or, better, its ID"`
	WebhookURL config.Secret     `yaml:"webhook_url" doc:"an incoming webhook, instead of token and channel: no threads, no updates"`
	APIURL     string            `yaml:"api_url" doc:"of Slack's API, for a proxy or a test"`
	Mention    map[string]string `yaml:"mention" doc:"whom to call when a run or a delivery fails, by severity (any: every other): <!subteam^S012ABC>, <@U012ABC>, <!here>"`
	Broadcast  bool              `yaml:"broadcast" doc:"true: what needs a person is shown in the channel, too, and not in the thread only"`
	Channels   []Route           `yaml:"channels" doc:"other channels by environment, severity, plan, owner and labels: the first that matches wins, else channel"`
	Picture    bool              `yaml:"picture" doc:"true: a picture of the worst metrics is posted in the thread of a verdict that is not good; needs the scope files:write"`

	Interactive   string        `yaml:"interactive" jsonschema:"enum=,enum=socket,enum=http" doc:"buttons in messages: socket (Socket Mode, with app_token) or http (with signing_secret; the app's Request URL is <Haldane>/slack/interactions/<name of this action>); default: none"`
	AppToken      config.Secret `yaml:"app_token" doc:"of the app (xapp-...), with the scope connections:write; for interactive: socket"`
	SigningSecret config.Secret `yaml:"signing_secret" doc:"of the app, which signs its requests; for interactive: http"`
	Operators     []string      `yaml:"operators" doc:"who may roll back, approve and keep: ids of users (U...) and user groups (S..., needs the scope usergroups:read); default: nobody, then there are no such buttons"`
}

// New returns the settings with their defaults.
func New() config.ActionSettings {
	return &Settings{
		ActionCommon: config.ActionCommon{Timeout: analysis.Duration(10 * time.Second)},
		APIURL:       "https://slack.com/api/", Broadcast: true, Picture: true,
	}
}

var _ config.ActionSettings = (*Settings)(nil)

// ChangesWorld implements config.ActionSettings.
func (s *Settings) ChangesWorld() bool { return false }

// Threads implements config.ActionSettings. An incoming webhook has no threads,
// but who was told of a rollback also wants to know how it went on.
func (s *Settings) Threads() bool { return true }

var (
	mentionForm = regexp.MustCompile(`^(<!subteam\^[A-Z0-9]+>|<@[A-Z0-9]+>|<!(here|channel|everyone)>)( (<!subteam\^[A-Z0-9]+>|<@[A-Z0-9]+>|<!(here|channel|everyone)>))*$`)
	channelForm = regexp.MustCompile(`^[CGD][A-Z0-9]{7,}$`)
)

// Check implements config.ActionSettings.
func (s *Settings) Check() []config.Problem {
	n := &web.Names{}
	add := n.Add
	bot, hook := !s.Token.Empty(), !s.WebhookURL.Empty()
	switch {
	case bot == hook:
		add("token", "one of token and webhook_url must be set", "token and channel")
	case bot && s.Channel == "":
		add("channel", "missing: the bot must know where to post", `"#oncall", or the channel's ID`)
	case hook && s.Channel != "":
		add("channel", "an incoming webhook posts to its own channel", "remove it, or use token instead of webhook_url")
	}
	if !channelName(s.Channel) {
		add("channel", "not the name or ID of a channel", `"#oncall"`)
	}
	if oddToken(s.Token) {
		add("token", noToken, "")
	}
	if hook && !soundURL(s.WebhookURL.Reveal()) {
		add("webhook_url", "not a URL", "https://hooks.slack.com/services/...")
	}
	if bot && !soundURL(s.APIURL) {
		add("api_url", "not a URL", "https://slack.com/api/")
	}
	for _, severity := range slices.Sorted(maps.Keys(s.Mention)) {
		if m := s.Mention[severity]; !mentionForm.MatchString(m) || len(m) > 300 {
			add("mention."+severity, "not a mention as Slack's API writes it", "<!subteam^S012ABC>, <@U012ABC> or <!here>")
		}
	}
	s.checkRoutes(n)
	s.checkButtons(n)
	return n.Problems
}

// channelName reports whether a text can name a channel, if it is not empty.
func channelName(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '<' || r == '>' || r == 0x7f })
}

const noToken = "holds a space, a line break or another character that no token has"

func oddToken(s config.Secret) bool {
	return strings.ContainsFunc(s.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' })
}

func soundURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil && u.Fragment == ""
}

// Open implements config.ActionSettings.
func (s *Settings) Open(env config.Env) (analysis.Action, error) {
	if err := (&web.Names{Problems: s.Check()}).Err(env.Name); err != nil {
		return nil, err
	}
	return newAction(s, env), nil
}
