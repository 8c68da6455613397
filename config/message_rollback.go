package config

import (
	"strings"

	"github.com/haldane-dev/haldane/analysis"
)

// rollbackWording is what is said of a rollback: how it stands, for the title;
// what Haldane does about it; and what is left to do.
type rollbackWording struct{ stands, did, next string }

// rollbackState is the rollback the event is about, as it stood then.
func (w wording) rollbackState() analysis.Rollback {
	r := analysis.Rollback{State: analysis.RollbackNone}
	if run := w.notice.Run; run != nil {
		r = run.Rollback
		if r.To == "" && r.State != analysis.RollbackNone {
			r.To = run.BaselineVersion
		}
	} else if w.notice.Rollback != nil {
		r.State = analysis.RollbackSending // a person's, without a run: it is sent as it is told
	}
	if t := w.notice.Rollback; t != nil && t.To != "" {
		r.To = t.To
	}
	return r
}

// to is " to 1.4.1", or nothing when no version is known.
func (w wording) to() string {
	if to := w.rollbackState().To; to != "" {
		return " to " + to
	}
	return ""
}

// after is ", after the rollback to 1.4.1".
func (w wording) after() string { return " after the rollback" + w.to() }

// rollbackWords words the rollback by its state.
func (w wording) rollbackWords() rollbackWording {
	r, to := w.rollbackState(), w.to()
	by := ""
	if r.By != nil {
		by = " " + r.By.String() + " asked for it."
	}
	switch r.State {
	case analysis.RollbackHeld:
		if cap, full := strings.CutPrefix(r.Reason, "cap: "); full {
			return rollbackWording{
				"rollback" + to + " waits: too many rollbacks",
				"Haldane sends no more for now" + because(cap) + " It sends this one when the hour allows." + by,
				"Something else may be wrong: look now, or roll back" + to + " by hand.",
			}
		}
		return rollbackWording{
			"rollback" + to + " is held",
			"The rollback is ready and waits" + because(r.Reason) + by,
			"Release the hold, or roll back" + to + " by hand.",
		}
	case analysis.RollbackAwaitingApproval:
		return rollbackWording{
			"rollback" + to + " awaits approval",
			"The rollback is ready and waits for somebody to approve it" + because(strings.TrimPrefix(r.Reason, "awaits approval, ")) + by,
			"Approve it or keep the release" + w.decideHow() + ", or roll back" + to + " by hand.",
		}
	case analysis.RollbackSending:
		return rollbackWording{
			"rolling back" + to,
			"Haldane is sending the rollback" + to + "." + by,
			"Wait for the next word; if none comes in a few minutes, roll back by hand.",
		}
	case analysis.RollbackAccepted:
		return rollbackWording{
			"rollback" + to + " accepted",
			"The deploy tool took the rollback" + to + "; whether it is done is not known." + by,
			"Check that the right version is live.",
		}
	case analysis.RollbackDone:
		return rollbackWording{
			"rolled back" + to,
			"The deploy tool says that the rollback" + to + " is done." + by,
			"Find out what is wrong with it before it is released again.",
		}
	case analysis.RollbackFailed:
		if strings.HasPrefix(r.Reason, analysis.NotConfirmed) {
			return rollbackWording{
				"rollback" + to + " not confirmed",
				"The deploy tool took the rollback" + to + " and has not said that it is done" + because(r.Reason) + by,
				unconfirmed,
			}
		}
		return rollbackWording{
			"the rollback" + to + " failed too",
			"The rollback" + to + " failed" + because(r.Reason) + by,
			"Roll back" + to + " by hand, now.",
		}
	case analysis.RollbackSkipped:
		return skipped(r.Reason, to)
	}
	return rollbackWording{
		"no rollback",
		"Haldane rolls nothing back: the plan has no action that would.",
		"Decide whether to roll back by hand.",
	}
}

// decideHow says where a person decides about a rollback that awaits approval.
func (w wording) decideHow() string {
	if w.notice.Run == nil || w.notice.Run.ID == "" {
		return ""
	}
	return ", by button where there are any, or by POST /api/v1/runs/" + w.notice.Run.ID + "/approve or .../keep"
}

// unconfirmed is what to do about a rollback that may still be under way.
const unconfirmed = "Look into the deploy tool first: roll back by hand only if it has stopped."

// verifying adds to a message whether the rollback helped, as far as that is known while
// no event of its own tells it.
func (w wording) verifying(m *Message) {
	run := w.notice.Run
	if run == nil || w.event.Type != analysis.EventRollbackUpdated {
		return
	}
	switch v := run.Verification; {
	case v.State == analysis.VerificationWatching && v.Until != nil:
		m.Did += " Haldane watches the metrics until " + clock(*v.Until) + " to see whether that helped."
	case v.State == analysis.VerificationUnknown:
		m.Mood, m.Title = MoodUnsure, w.title("whether the rollback"+w.to()+" helped is not known")
		m.Did = "Haldane could not tell from the metrics."
		m.Next = "See whether the service is well."
	}
}

// skipped words a rollback that was not sent on purpose. The engine's reason is
// one of a few known words, perhaps with more behind a colon, or a sentence.
func skipped(reason, to string) rollbackWording {
	byHand := "Roll back" + to + " by hand if users suffer."
	word, more, _ := strings.Cut(reason, ":")
	w := rollbackWording{"not rolled back", "Haldane did not roll back" + because(reason), byHand}
	if strings.HasPrefix(reason, "kept") { // by a person, or because nobody approved it
		return rollbackWording{"the release is kept", "Haldane rolls nothing back" + because(reason), byHand}
	}
	switch strings.ReplaceAll(strings.ToLower(word), "_", " ") {
	case "dry-run", "dry run":
		w = rollbackWording{
			"not rolled back: dry run", "This is a dry run: otherwise Haldane would roll back" + to + " now.", byHand,
		}
	case "cap":
		w = rollbackWording{
			"not rolled back: too many rollbacks", "The cap of rollbacks an hour is reached, so Haldane sends no more.",
			"Something else may be wrong. " + byHand,
		}
	case "superseded":
		w = rollbackWording{
			"not rolled back: superseded", "A newer release took its place, and Haldane never rolls back past it.",
			"Watch the newer release.",
		}
	case "freeze":
		w = rollbackWording{
			"not rolled back: freeze", "In a freeze Haldane rolls nothing back by itself, it only tells.", byHand,
		}
	case "late":
		w = rollbackWording{
			"not rolled back: too late", "The rollback could not be sent before its deadline, and is not sent late.",
			"See what is live now; if it is still this release, roll back" + to + " by hand.",
		}
	case "not allowed":
		w = rollbackWording{
			"not rolled back: not allowed",
			"This kind of judgement may roll back only where the plan says allow_rollback.", byHand,
		}
	default:
		return w
	}
	if more = sentence(more); more != "" {
		w.did = strings.TrimSuffix(w.did, ".") + ": " + more
	}
	return w
}

// because joins a reason to the end of a sentence.
func because(reason string) string {
	reason = strings.TrimRight(strings.Join(strings.Fields(reason), " "), ".")
	if reason == "" {
		return "."
	}
	return ": " + reason + "."
}

// hold words the engaging and the release of a hold.
func (w wording) hold() Message {
	h := analysis.Hold{Service: w.event.Service, Environment: w.event.Environment}
	if w.notice.Hold != nil {
		h = *w.notice.Hold
	}
	what := "all rollbacks"
	if h.Service != "" {
		what = "rollbacks of " + h.Service
	}
	if h.Environment != "" {
		what += " in " + h.Environment
	}
	if w.event.Type == analysis.EventHoldReleased {
		return Message{
			Mood: MoodNeutral, Title: "hold released: " + what + " go on", Summary: w.text(),
			Did: "Haldane sends what waited, except what is past its deadline.",
		}
	}
	m := Message{
		Mood: MoodUnsure, Title: "hold engaged: " + what + " wait", Summary: sentence(h.Reason),
		Did:  "Haldane goes on judging and telling, and changes nothing meanwhile.",
		Next: "Release the hold when it is safe to.",
	}
	if h.Reason == "" {
		m.Summary = w.text()
	}
	if h.Until != nil {
		m.Did += " The hold ends by itself at " + clock(*h.Until) + "."
	}
	if h.ID != "" {
		m.Next = "Release the hold (" + h.ID + ") when it is safe to."
	}
	if h.Kind == analysis.HoldManyServices {
		m.Mood, m.Urgent = MoodBad, true
		m.Next = "Suspect the platform or the metrics backend before the releases. " + m.Next
	}
	return m
}
