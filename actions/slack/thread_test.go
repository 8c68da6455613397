package slack_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/slack"
	"github.com/haldane-dev/haldane/analysis"
)

// about makes a delivery of another event of the same run.
func about(id string, event analysis.EventType, change func(*analysis.Run), earlier ...analysis.Receipt) analysis.Delivery {
	d := actiontest.Delivery(1)
	run, notice := *d.Event.Notice.Run, *d.Event.Notice
	if change != nil {
		change(&run)
	}
	notice.Run = &run
	d.ID, d.EventType, d.Event.Type, d.Event.Notice, d.Earlier = id, event, event, &notice, earlier
	return d
}

func state(s analysis.RollbackState) func(*analysis.Run) {
	return func(r *analysis.Run) { r.Rollback.State = s }
}

func perform(t *testing.T, a analysis.Action, d analysis.Delivery) analysis.Receipt {
	t.Helper()
	r, err := a.Perform(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestThread follows a run from its start to its rollback: one thread, whose head
// always shows how the run stands.
func TestThread(t *testing.T) {
	s := newStandIn(t)
	a := open(t, bot(s.URL+"/api", s.token, "#checkout-oncall", func(s *slack.Settings) {
		s.Mention = map[string]string{"critical": "<!subteam^S012ABC>", "any": "<!here>"}
	}))
	first := perform(t, a, about("dlv_1", analysis.EventRunStarted, func(r *analysis.Run) { r.Outcome, r.Score = nil, nil }))
	second := perform(t, a, about("dlv_2", analysis.EventRunFailed, nil, first))
	third := perform(t, a, about("dlv_3", analysis.EventRollbackUpdated, state(analysis.RollbackDone), first, second))

	got := s.posted()
	if len(got) != 3 {
		t.Fatalf("%d messages, want 3", len(got))
	}
	head := got[0]
	for i, want := range []string{"", head.TS, head.TS} {
		if got[i].Thread != want {
			t.Errorf("message %d stands in thread %q, want %q", i, got[i].Thread, want)
		}
	}
	for _, r := range []analysis.Receipt{first, second, third} {
		if r.Refs["channel"] != "C012ABCDEF" || r.Refs["thread"] != head.TS || r.Refs["ts"] == "" || !r.Done {
			t.Errorf("receipt %+v does not lead to the thread", r)
		}
	}
	if len(head.Edits) != 2 {
		t.Fatalf("the head was edited %d times, want 2", len(head.Edits))
	}
	for i, want := range []string{"failed, rolling back to 1.4.1", "failed, rolled back to 1.4.1"} {
		if text := head.Edits[i].Get("text"); !strings.Contains(text, want) {
			t.Errorf("edit %d: %q, want %q", i, text, want)
		}
	}
	if !strings.Contains(head.all(), "rolled back to 1.4.1") || !strings.Contains(head.all(), "*errors*") {
		t.Errorf("the head shows\n%s", head.all())
	}
	if string(head.Metadata) != `{"event_type":"haldane_delivery","event_payload":{"delivery_id":"dlv_1"}}` || head.Edits[0].Has("metadata") {
		t.Errorf("metadata %s, and an edit must leave it", head.Metadata)
	}

	// The failure calls people and shows in the channel; the rest does not.
	for i, want := range []bool{false, true, false} {
		if calls := strings.Contains(got[i].all(), "<!subteam^S012ABC>"); calls != want {
			t.Errorf("message %d calls people: %v, want %v", i, calls, want)
		}
		if shown := got[i].Form.Get("reply_broadcast") == "true"; shown != want {
			t.Errorf("message %d is shown in the channel: %v, want %v", i, shown, want)
		}
	}
}

// TestHeadFirst: when the head cannot be updated for now, nothing is posted, so that
// trying again cannot post twice; when it never can be, the news is posted.
func TestHeadFirst(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   analysis.Kind
	}{
		{"for now", limited(`{"ok":false,"error":"ratelimited"}`), analysis.Limited},
		{"down", says(`{"ok":false,"error":"service_unavailable"}`), analysis.Unavailable},
		{"no such token", says(`{"ok":false,"error":"token_revoked"}`), analysis.Denied},
		{"the head is gone", says(`{"ok":false,"error":"message_not_found"}`), ""},
		{"no edits allowed", says(`{"ok":false,"error":"edit_window_closed"}`), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStandIn(t)
			a := open(t, bot(s.URL+"/api", s.token, "#checkout-oncall"))
			first := perform(t, a, about("dlv_1", analysis.EventRunStarted, nil))
			s.answer["chat.update"] = c.answer
			_, err := a.Perform(t.Context(), about("dlv_2", analysis.EventRunFailed, nil, first))
			want := 2
			if c.want != "" {
				want = 1
			}
			if analysis.KindOf(err) != c.want || len(s.posted()) != want {
				t.Errorf("error %v and %d messages, want %q and %d", err, len(s.posted()), c.want, want)
			}
		})
	}
}

// TestWithoutARun: holds and the like stand alone.
func TestWithoutARun(t *testing.T) {
	s := newStandIn(t)
	a := open(t, bot(s.URL+"/api", s.token, "C012ABCDEF"))
	d := actiontest.Delivery(1)
	d.RunID, d.Event.RunID, d.Event.Type = "", "", analysis.EventHoldEngaged
	d.Event.Notice = &analysis.Notice{Hold: &analysis.Hold{ID: "h1", Kind: analysis.HoldManual, Reason: "freeze", By: analysis.Cause{Kind: "api", Who: "alice"}}}
	perform(t, a, d)
	got := s.posted()
	if len(got) != 1 || got[0].Thread != "" || !strings.Contains(got[0].all(), "hold engaged: all rollbacks wait") {
		t.Errorf("messages %+v", got)
	}
}

// TestRepeat: an answer that got lost does not make a second message, where the app
// may read.
func TestRepeat(t *testing.T) {
	write := []string{"chat:write"}
	for _, c := range []struct {
		name, channel string
		scopes        []string
		inThread      bool
		messages      int
		calls         string
	}{
		{"by ID", "C012ABCDEF", nil, false, 1, "chat.postMessage conversations.history"},
		{"by name", "#checkout-oncall", nil, false, 1, "chat.postMessage conversations.list conversations.history"},
		{"by another name", "checkout-oncall", nil, false, 1, "chat.postMessage conversations.list conversations.history"},
		{"in a thread", "#checkout-oncall", nil, true, 2, "chat.postMessage chat.update chat.postMessage chat.update conversations.replies"},
		{"may not read", "C012ABCDEF", write, false, 2, "chat.postMessage conversations.history chat.postMessage"},
		{"may not read the list", "#checkout-oncall", []string{"chat:write", "channels:history"}, false, 2, "chat.postMessage conversations.list chat.postMessage"},
		{"may not read the thread", "#checkout-oncall", write, true, 3, "chat.postMessage chat.update chat.postMessage chat.update conversations.replies chat.postMessage"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStandIn(t)
			if c.scopes != nil {
				s.scopes = c.scopes
			}
			a := open(t, bot(s.URL+"/api", s.token, c.channel))
			d := about("dlv_2", analysis.EventRunFailed, nil)
			if c.inThread {
				d.Earlier = []analysis.Receipt{perform(t, a, about("dlv_1", analysis.EventRunStarted, nil))}
			}
			s.mu.Lock()
			s.lose["chat.postMessage"] = 1
			s.mu.Unlock()
			if _, err := a.Perform(t.Context(), d); analysis.KindOf(err) != analysis.Unavailable {
				t.Fatalf("error %v, want unavailable", err)
			}
			d.Attempts = 2
			receipt := perform(t, a, d)
			got := s.posted()
			if len(got) != c.messages || s.called() != c.calls {
				t.Errorf("%d messages after %q, want %d after %q", len(got), s.called(), c.messages, c.calls)
			}
			last := got[len(got)-1]
			if receipt.Refs["ts"] != last.TS || receipt.Refs["channel"] != "C012ABCDEF" || c.inThread && receipt.Refs["thread"] != got[0].TS {
				t.Errorf("receipt %v, want that of message %s", receipt.Refs, last.TS)
			}
		})
	}
}

// TestLearnsTheChannel: once a message was posted, the channel's ID is known.
func TestLearnsTheChannel(t *testing.T) {
	s := newStandIn(t)
	a := open(t, bot(s.URL+"/api", s.token, "#checkout-oncall"))
	d := about("dlv_1", analysis.EventRunFailed, nil)
	first := perform(t, a, d)
	d.Attempts = 2
	if again := perform(t, a, d); again.Refs["ts"] != first.Refs["ts"] || s.called() != "chat.postMessage conversations.history" {
		t.Errorf("receipt %v after %q, want the first message, and no look at the list", again.Refs, s.called())
	}
}

// TestRepeatAmongOthers: the message is found on a later page, and a message from
// before the delivery is not taken for it.
func TestRepeatAmongOthers(t *testing.T) {
	s := newStandIn(t)
	a := open(t, bot(s.URL+"/api", s.token, "C012ABCDEF"))
	for _, id := range []string{"dlv_a", "dlv_b", "dlv_c", "dlv_2", "dlv_d"} {
		perform(t, a, about(id, analysis.EventRunFailed, nil))
	}
	again := about("dlv_2", analysis.EventRunFailed, nil)
	again.Attempts = 2
	if r := perform(t, a, again); r.Refs["ts"] != s.posted()[3].TS || len(s.posted()) != 5 {
		t.Errorf("receipt %v with %d messages, want the fourth of five", r.Refs, len(s.posted()))
	}
	ahead := again // our clock is a minute before Slack's
	ahead.CreatedAt = time.Unix(1772593503+60, 0)
	if perform(t, a, ahead); len(s.posted()) != 5 {
		t.Errorf("%d messages, want the one that was there", len(s.posted()))
	}
	late := again
	late.CreatedAt = again.CreatedAt.Add(24 * time.Hour)
	if perform(t, a, late); len(s.posted()) != 6 {
		t.Errorf("%d messages, want a new one", len(s.posted()))
	}
}
