package config

import (
	"fmt"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// wording finds the words for one event.
type wording struct {
	event  analysis.Event
	notice analysis.Notice
}

// words says what happened, why, what Haldane did and what to do now, by type of
// event.
func (w wording) words() Message {
	switch w.event.Type {
	case analysis.EventRunStarted:
		return Message{Mood: MoodNeutral, Title: w.title("analysis started"), Summary: w.started()}
	case analysis.EventRunPassed:
		return Message{Mood: MoodGood, Title: w.title("passed"), Summary: w.reason(), Did: "No rollback is needed."}
	case analysis.EventRunFailed:
		return w.failed()
	case analysis.EventRunMarginal:
		return Message{
			Mood: MoodUnsure, Title: w.title("marginal"), Summary: w.reason(),
			Did:  "Haldane rolls nothing back for a marginal result.",
			Next: "Look at the metrics below and decide whether to keep this release.",
		}
	case analysis.EventRunInconclusive:
		return Message{
			Mood: MoodUnsure, Title: w.title("inconclusive"), Summary: w.reason(),
			Did:  "Haldane could not tell good from bad and rolls nothing back.",
			Next: "Look at the metrics yourself, or mend what is in the way and start the analysis again.",
		}
	case analysis.EventRollbackRequested, analysis.EventRollbackUpdated,
		analysis.EventRollbackVerified, analysis.EventRollbackNotRecovered:
		return w.rollback()
	case analysis.EventDeliveryFailed:
		return w.deliveryFailed()
	case analysis.EventHoldEngaged, analysis.EventHoldReleased:
		return w.hold()
	}
	return w.other()
}

// other words the events that seldom reach people; their text says it all.
func (w wording) other() Message {
	said := map[analysis.EventType]string{
		analysis.EventRunQueued:       "waits for an earlier run",
		analysis.EventRunCancelled:    "analysis cancelled",
		analysis.EventRunSuperseded:   "superseded by a newer release",
		analysis.EventSourceTroubled:  "a metrics source is in trouble",
		analysis.EventSourceRecovered: "the metrics source is well again",
		analysis.EventDeliveryDone:    "an action was performed",

		analysis.EventRollbackApproved: "the rollback" + w.to() + " was approved",
		analysis.EventRollbackRefused:  "the release is kept",
		analysis.EventVerdictFeedback:  "somebody judged the verdict",
		analysis.EventRunAcknowledged:  "somebody looks after it",
		analysis.EventMessagesDigest:   "many messages at once",
	}
	what, ok := said[w.event.Type]
	if !ok {
		what = strings.ReplaceAll(string(w.event.Type), ".", " ")
	}
	m := Message{Mood: MoodNeutral, Title: w.title(what), Summary: w.text()}
	if w.event.Type == analysis.EventSourceTroubled {
		m.Mood, m.Did = MoodUnsure, "Haldane keeps asking; it rolls nothing back for the trouble of a source."
	}
	return m
}

// failed words a failed run by what becomes of its rollback.
func (w wording) failed() Message {
	r := w.rollbackWords()
	m := Message{
		Mood: MoodBad, Title: w.title("failed, " + r.stands), Summary: w.reason(),
		Did: r.did, Next: r.next, Urgent: true,
	}
	if run := w.notice.Run; run == nil || run.Outcome == nil || *run.Outcome != analysis.OutcomeFail {
		m.Title = w.title(r.stands) // a person's decision about a release that no analysis failed
	}
	return m
}

// rollback words the news of a rollback that was announced before.
func (w wording) rollback() Message {
	m := w.failed()
	m.Urgent = false
	if t := w.text(); t != "" {
		m.Summary = t
	}
	switch r := w.rollbackState(); {
	case w.event.Type == analysis.EventRollbackVerified:
		m.Mood, m.Title = MoodGood, w.title("recovered"+w.after())
		m.Did, m.Next = "What was bad is not seen any more.", "Find out what is wrong with it before it is released again."
	case w.event.Type == analysis.EventRollbackNotRecovered:
		m.Title, m.Urgent = w.title("not recovered"+w.after()), true
		m.Did = "The rollback did not help, or something else is wrong too."
		m.Next = "Look at the service now: the release may not be the cause."
	case r.State == analysis.RollbackFailed, r.State == analysis.RollbackSkipped && strings.HasPrefix(r.Reason, "late"):
		m.Urgent = true
	case r.State == analysis.RollbackDone:
		m.Mood = MoodNeutral
	}
	w.verifying(&m)
	return m
}

func (w wording) deliveryFailed() Message {
	f := analysis.FailedDelivery{}
	if w.notice.Failed != nil {
		f = *w.notice.Failed
	}
	m := Message{
		Mood:    MoodBad,
		Title:   w.title("action " + f.Action + " failed"),
		Summary: sentence(f.Error),
		Did:     fmt.Sprintf("Haldane gave up on %s after %s.", f.Action, count(f.Attempts, "attempt")),
		Next:    "Do by hand what it should have done, and mend its cause.",
		Urgent:  true,
	}
	switch {
	case !f.ChangesWorld:
		m.Next = "Whoever it should have told does not know yet: tell them, and mend its cause."
	case strings.HasPrefix(f.Error, analysis.NotConfirmed):
		m.Title = w.title("the rollback" + w.to() + " is not confirmed")
		m.Did = "The deploy tool took the rollback" + w.to() + " and has not said that it is done."
		m.Next = unconfirmed
	case w.rollbackState().State != analysis.RollbackNone:
		m.Title = w.title("the rollback" + w.to() + " was not done")
		m.Next = "Roll back" + w.to() + " by hand, now."
	}
	return m
}

// started says what a run compares.
func (w wording) started() string {
	run := w.notice.Run
	if run == nil {
		return w.text()
	}
	s := "Haldane watches " + run.Version
	if run.Version == "" {
		s = "Haldane watches it"
	}
	if run.BaselineVersion != "" {
		s += " against " + run.BaselineVersion
	}
	return s + " until " + clock(run.EndsAt) + " at the latest."
}

// reason is why a run ended as it did.
func (w wording) reason() string {
	for _, s := range []string{w.notice.Reason, w.runReason(), w.event.Text} {
		if s != "" {
			return sentence(s)
		}
	}
	return ""
}

func (w wording) runReason() string {
	if w.notice.Run == nil {
		return ""
	}
	return w.notice.Run.Reason
}

// text is what happened, for events that are not a verdict.
func (w wording) text() string {
	if w.event.Text != "" {
		return sentence(w.event.Text)
	}
	return sentence(w.notice.Reason)
}

// title puts the release before what is to be said of it.
func (w wording) title(what string) string {
	if s := w.subject(); s != "" {
		return s + ": " + what
	}
	return what
}

// subject is which release of what: "checkout 1.4.2 in production (dry run)".
func (w wording) subject() string {
	service, environment, version := w.event.Service, w.event.Environment, ""
	if run := w.notice.Run; run != nil {
		service, environment, version = run.Service, run.Environment, run.Version
	} else if w.notice.Rollback != nil {
		version = w.notice.Rollback.From
	}
	s := service
	for _, part := range []struct{ before, text string }{{" ", version}, {" in ", environment}} {
		if s != "" && part.text != "" {
			s += part.before + part.text
		}
	}
	if run := w.notice.Run; run != nil && run.Phase != "" {
		s += ", phase " + run.Phase
	}
	if s != "" && w.notice.Plan.DryRun {
		s += " (dry run)"
	}
	return s
}
