package slack

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/slack-go/slack"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// press is a button that somebody pressed.
type press struct {
	verb            verb
	run             string
	action          string // the action of the config that posted the message
	user, userName  string
	channel, thread string
}

// answerWithin bounds what follows from one press. It is not cut short by a reload: Slack
// was told that the press arrived.
const answerWithin = 10 * time.Second

var (
	userID = regexp.MustCompile(`^[UW][A-Z0-9]+$`)
	runID  = regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`)
)

// pressOf reads what Slack tells of an interaction. Links that were opened, and whatever
// else is none of our buttons, is not ok.
func pressOf(c *slack.InteractionCallback) (p press, ok bool) {
	if c.Type != slack.InteractionTypeBlockActions || !userID.MatchString(c.User.ID) {
		return p, false
	}
	for _, b := range c.ActionCallback.BlockActions {
		v, name, ours := parseActionID(b.ActionID)
		if !ours || strings.HasPrefix(string(v), "open-") || !runID.MatchString(b.Value) {
			continue
		}
		p = press{verb: v, action: name, run: b.Value, user: c.User.ID, userName: c.User.Name, channel: c.Container.ChannelID, thread: c.Container.ThreadTs}
		if p.channel == "" {
			p.channel = c.Channel.ID
		}
		return p, true
	}
	return p, false
}

// who is the person, for the record.
func (p press) who() analysis.Cause {
	name := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == '(' || r == ')' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(p.userName, ""))
	if name = cutRunes(strings.TrimSpace(name), 80); name == "" {
		return analysis.Cause{Kind: "slack", Who: p.user}
	}
	return analysis.Cause{Kind: "slack", Who: name + " (" + p.user + ")"}
}

// handle does what a press asks for, and tells the person alone what came of it.
func (a *Action) handle(ctx context.Context, w analysis.Writer, p press) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
	defer cancel()
	text, err := a.do(ctx, w, p)
	if err != nil {
		e := analysis.AsError(err)
		text = "Nothing was changed: " + e.Error()
		a.log.Info("a button changed nothing", "action", a.who, "button", string(p.verb), "run", p.run, "who", p.who().Who, "error", e.Message)
	} else {
		a.log.Info("a button was pressed", "action", a.who, "button", string(p.verb), "run", p.run, "who", p.who().Who)
	}
	a.whisper(ctx, p, text)
}

// whisper posts what only the person who pressed can see.
func (a *Action) whisper(ctx context.Context, p press, text string) {
	options := []slack.MsgOption{
		slack.MsgOptionText(escape(text, maxFallback), false), slack.MsgOptionParse(false), slack.MsgOptionLinkNames(false),
	}
	if p.thread != "" {
		options = append(options, slack.MsgOptionTS(p.thread))
	}
	if _, err := a.api.PostEphemeralContext(ctx, p.channel, p.user, options...); err != nil {
		a.log.Warn("a press of a button was not answered", "action", a.who, "error", config.Unreachable(a.who, err).Message)
	}
}

// do does it, and returns what to say.
func (a *Action) do(ctx context.Context, w analysis.Writer, p press) (string, error) {
	answers := map[verb]analysis.Answered{rightYes: analysis.AnsweredYes, rightNo: analysis.AnsweredNo, rightMaybe: analysis.AnsweredUnsure}
	if right, ok := answers[p.verb]; ok {
		if _, err := w.Feedback(ctx, p.run, analysis.Feedback{Right: right, By: p.who()}); err != nil {
			return "", err
		}
		said := map[verb]string{rightYes: "the verdict was right", rightNo: "the verdict was wrong", rightMaybe: "you are unsure about the verdict"}
		return "Noted: " + said[p.verb] + ". It counts in the plan's precision and recall.", nil
	}
	if err := a.mayOperate(ctx, p.user); err != nil {
		return "", err
	}
	if err := stillOffered(ctx, w, p); err != nil {
		return "", err
	}
	var run analysis.Run
	var err error
	switch p.verb {
	case rollBack:
		run, err = w.Rollback(ctx, p.run, analysis.RollbackRequest{By: p.who()})
	case approve:
		run, err = w.Approve(ctx, p.run, p.who())
	case keep:
		run, err = w.Refuse(ctx, p.run, p.who())
	default:
		err = analysis.Errorf(analysis.Invalid, "the button is not known").WithHint("an older or newer Haldane may have posted the message: use the run's page")
	}
	if err != nil {
		return "", err
	}
	text := "Done. " + standing(&run) + "."
	if r := run.Rollback.Reason; r != "" {
		text += " (" + r + ")"
	}
	return text, nil
}

// stillOffered refuses a press on a message whose run has moved on.
func stillOffered(ctx context.Context, w analysis.Writer, p press) error {
	read, ok := w.(analysis.Reader)
	if !ok {
		return nil // who does it looks for itself
	}
	run, err := read.Run(ctx, p.run)
	if err != nil {
		return err
	}
	if !slices.Contains(offers(&run), p.verb) {
		return analysis.Errorf(analysis.Conflict, "%s", standing(&run))
	}
	if p.verb != rollBack {
		return nil
	}
	newest, _, err := read.Runs(ctx, analysis.RunFilter{Service: run.Service, Environment: run.Environment, Limit: 1})
	if err != nil {
		return err
	}
	if len(newest) > 0 && newest[0].Version != run.Version {
		return analysis.Errorf(analysis.Conflict, "%s; %s has come after it", standing(&run), newest[0].Version).
			WithHint("the page or the messages of the newer release")
	}
	return nil
}

// standing is a run, and how it stands, on one line.
func standing(run *analysis.Run) string {
	if run.Outcome == nil {
		return subject(run) + ": " + string(run.Status)
	}
	e := analysis.Event{Type: analysis.Concluded(*run.Outcome), Notice: &analysis.Notice{Run: run}}
	if *run.Outcome != analysis.OutcomeFail && run.Rollback.State != analysis.RollbackNone && run.Rollback.State != "" {
		e.Type = analysis.EventRollbackUpdated
	}
	return config.Compose(e).Title
}
