package slack_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/haldane-dev/haldane/actions/slack"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// house is the engine as far as buttons need it: it does what it is asked and says no as
// the engine does.
type house struct {
	analysis.Writer
	analysis.Reader

	mu     sync.Mutex
	run    analysis.Run
	newest analysis.Run
	did    []string
	refuse error
}

func (h *house) note(what string, by analysis.Cause) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refuse == nil {
		h.did = append(h.did, what+" by "+by.Kind+":"+by.Who)
	}
	return h.refuse
}

func (h *house) Rollback(_ context.Context, id string, r analysis.RollbackRequest) (analysis.Run, error) {
	err := h.note("rollback "+id+r.To, r.By)
	run := h.run
	run.Rollback = analysis.Rollback{State: analysis.RollbackSending, To: "1.4.1"}
	return run, err
}

func (h *house) Approve(_ context.Context, id string, by analysis.Cause) (analysis.Run, error) {
	run := h.run
	run.Rollback = analysis.Rollback{State: analysis.RollbackAwaitingApproval, Reason: "awaits approval, 1 of 2"}
	return run, h.note("approve "+id, by)
}

func (h *house) Refuse(_ context.Context, id string, by analysis.Cause) (analysis.Run, error) {
	run := h.run
	run.Rollback = analysis.Rollback{State: analysis.RollbackSkipped, Reason: "kept by alice"}
	return run, h.note("keep "+id, by)
}

func (h *house) Feedback(_ context.Context, id string, f analysis.Feedback) (analysis.Feedback, error) {
	return f, h.note("feedback "+string(f.Right)+" on "+id, f.By)
}

func (h *house) Run(_ context.Context, id string) (analysis.Run, error) {
	if id != h.run.ID {
		return analysis.Run{}, analysis.Errorf(analysis.NotFound, "run %s: not found", id)
	}
	return h.run, nil
}

func (h *house) Runs(_ context.Context, f analysis.RunFilter) ([]analysis.Run, string, error) {
	if f.Service != h.run.Service || f.Environment != h.run.Environment || f.Limit != 1 {
		return nil, "", analysis.Errorf(analysis.Internal, "asked for %+v", f)
	}
	return []analysis.Run{h.newest}, "", nil
}

// newHouse has one run, which failed and whose rollback stands like this.
func newHouse(s analysis.RollbackState) *house {
	run := *about("dlv_1", analysis.EventRunFailed, state(s)).Event.Notice.Run
	return &house{run: run, newest: run}
}

func (h *house) all() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.did, "; ")
}

// pressed is what Slack tells of a button.
func pressed(verb, action, run, user, name string) string {
	return fmt.Sprintf(`{"type":"block_actions","team":{"id":"T0","domain":"shop"},"api_app_id":"A0","token":"legacy",
		"user":{"id":%q,"username":%q,"name":%q,"team_id":"T0"},"trigger_id":"1.2.3","response_url":"https://hooks.slack.com/actions/T0/1/secret",
		"container":{"type":"message","message_ts":"1772593500.000100","channel_id":"C012ABCDEF","is_ephemeral":false},
		"channel":{"id":"C012ABCDEF","name":"checkout-oncall"},"message":{"type":"message","text":"x","ts":"1772593500.000100"},
		"state":{"values":{}},
		"actions":[{"type":"button","action_id":"haldane/%s/%s","block_id":"b1","value":%q,"text":{"type":"plain_text","text":"x"},"action_ts":"1.2"}]}`,
		user, name, name, verb, action, run)
}

// listening is an action that listens over Socket Mode, and the other end of its line.
func listening(t *testing.T, s *standIn, h *house, change ...func(*slack.Settings)) *websocket.Conn {
	t.Helper()
	set := withButtons(s, append(change, func(s *slack.Settings) {
		s.Interactive, s.SigningSecret, s.AppToken = "socket", config.Secret{}, config.NewSecret(appToken)
	})...)
	listen(t, open(t, set), h)
	return s.line(t)
}

// listen lets an action listen until the end of the test.
func listen(t *testing.T, a analysis.Action, h *house) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- a.(analysis.Listener).Listen(ctx, h) }()
	t.Cleanup(func() {
		cancel()
		if err := <-over; err != nil {
			t.Errorf("listening ended with %v", err)
		}
	})
}

// TestPresses: who presses what, and what comes of it.
func TestPresses(t *testing.T) {
	id := newHouse("").run.ID
	const alice, stranger = "U0ALICE", "U0EVE"
	for _, c := range []struct {
		name, verb, user string
		state            analysis.RollbackState
		change           func(*house)
		did, said        string
	}{
		{"roll back", "rollback", alice, analysis.RollbackFailed, nil, "rollback " + id + " by slack:al.ice (U0ALICE)", "Done. checkout 1.4.2 in production: failed, rolling back to 1.4.1."},
		{"one of the group", "rollback", "U0GROUP", analysis.RollbackFailed, nil, "rollback " + id + " by slack:al.ice (U0GROUP)", "Done. "},
		{"approve", "approve", alice, analysis.RollbackAwaitingApproval, nil, "approve " + id + " by slack:al.ice (U0ALICE)", "awaits approval. (awaits approval, 1 of 2)"},
		{"keep", "keep", alice, analysis.RollbackAwaitingApproval, nil, "keep " + id + " by slack:al.ice (U0ALICE)", "Done. checkout 1.4.2 in production: failed, the release is kept. (kept by alice)"},
		{"anybody may say yes", "right-yes", stranger, analysis.RollbackDone, nil, "feedback yes on " + id + " by slack:al.ice (U0EVE)", "Noted: the verdict was right."},
		{"or no", "right-no", stranger, analysis.RollbackDone, nil, "feedback no on " + id + " by slack:al.ice (U0EVE)", "Noted: the verdict was wrong."},
		{"or neither", "right-unsure", stranger, analysis.RollbackDone, nil, "feedback unsure on " + id + " by slack:al.ice (U0EVE)", "unsure"},
		{"a stranger", "rollback", stranger, analysis.RollbackFailed, nil, "", "Nothing was changed: you are not one of the operators of action oncall (try: ask one of them; or add U0EVE to its operators in the config)"},
		{"a stranger approves", "approve", stranger, analysis.RollbackAwaitingApproval, nil, "", "you are not one of the operators"},
		{"an old message", "approve", alice, analysis.RollbackDone, nil, "", "Nothing was changed: checkout 1.4.2 in production: failed, rolled back to 1.4.1"},
		{"an old message of a run that passed", "rollback", alice, analysis.RollbackNone, func(h *house) { outcome(analysis.OutcomePass, analysis.RollbackNone)(&h.run) }, "", "Nothing was changed: checkout 1.4.2 in production: passed"},
		{"a newer release", "rollback", alice, analysis.RollbackFailed, func(h *house) { h.newest.Version = "1.5.0" }, "", "; 1.5.0 has come after it"},
		{"the engine says no", "approve", alice, analysis.RollbackAwaitingApproval, func(h *house) {
			h.refuse = analysis.Errorf(analysis.Conflict, "run 1: no rollback of it awaits approval, it is sending")
		}, "", "Nothing was changed: run 1: no rollback of it awaits approval, it is sending"},
		{"no verdict to speak of", "right-yes", alice, analysis.RollbackNone, func(h *house) {
			h.refuse = analysis.Errorf(analysis.Conflict, "run 1: has no verdict, it is running")
		}, "", "Nothing was changed: run 1: has no verdict"},
		{"no such run", "rollback", alice, analysis.RollbackFailed, func(h *house) { h.run.ID = "another" }, "", "not found"},
		{"a button of the future", "levitate", alice, analysis.RollbackFailed, nil, "", "Nothing was changed: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, h := newStandIn(t), newHouse(c.state)
			if c.change != nil {
				c.change(h)
			}
			conn := listening(t, s, h)
			s.presses(t, conn, pressed(c.verb, "oncall", id, c.user, "al.ice"))
			if said := s.whispered(t, 1); !strings.Contains(said, c.said) {
				t.Errorf("said %q, want %q", said, c.said)
			}
			if h.all() != c.did {
				t.Errorf("did %q, want %q", h.all(), c.did)
			}
			if w := s.whispers[0]; w.Get("user") != c.user || w.Get("channel") != "C012ABCDEF" || w.Get("parse") != "none" {
				t.Errorf("answered with %v", w)
			}
		})
	}
}

// TestOperatorsUnknown: when nobody can tell who is in a group, nothing is changed.
func TestOperatorsUnknown(t *testing.T) {
	for answer, want := range map[string]string{
		`{"ok":false,"error":"missing_scope","needed":"usergroups:read"}`: "could not be found out: slack oncall: the app lacks a scope (missing_scope) (try: add the scope usergroups:read and install the app again)",
		`{"ok":false,"error":"no_such_subteam"}`:                          "could not be found out: slack oncall: there is no such user group (no_such_subteam) (try: check operators)",
		`{"ok":true,"users":[]}`:                                          "you are not one of the operators",
	} {
		s, h := newStandIn(t), newHouse(analysis.RollbackFailed)
		s.answer["usergroups.users.list"] = says(answer)
		s.presses(t, listening(t, s, h), pressed("rollback", "oncall", h.run.ID, "U0GROUP", "bob"))
		if said := s.whispered(t, 1); !strings.Contains(said, want) || h.all() != "" {
			t.Errorf("%s: said %q, did %q", answer, said, h.all())
		}
	}
}

// TestWhoPressed: names come from people; they are kept short and cannot pass for another.
func TestWhoPressed(t *testing.T) {
	for name, want := range map[string]string{
		"alice": "slack:alice (U0EVE)", "": "slack:U0EVE", "bob (U0ALICE)": "slack:bob U0ALICE (U0EVE)",
		"a\u202eb\tc": "slack:abc (U0EVE)", strings.Repeat("é", 500): "slack:" + strings.Repeat("é", 77) + "... (U0EVE)",
	} {
		s, h := newStandIn(t), newHouse(analysis.RollbackDone)
		s.presses(t, listening(t, s, h), strings.ReplaceAll(pressed("right-yes", "oncall", h.run.ID, "U0EVE", "NAME"), "NAME", strings.ReplaceAll(name, "\t", `\t`)))
		s.whispered(t, 1)
		if got := h.all(); got != "feedback yes on "+h.run.ID+" by "+want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

// TestNoPress: what is none of our buttons is acknowledged and changes nothing.
func TestNoPress(t *testing.T) {
	s, h := newStandIn(t), newHouse(analysis.RollbackFailed)
	conn := listening(t, s, h)
	good := pressed("rollback", "oncall", h.run.ID, "U0ALICE", "alice")
	for _, payload := range []string{
		pressed("open-runbook", "oncall", "", "U0ALICE", "alice"),
		strings.Replace(good, `"haldane/`, `"other/`, 1), strings.Replace(good, "block_actions", "view_submission", 1),
		strings.Replace(good, "U0ALICE", "<@U0ALICE>", 1), strings.Replace(good, h.run.ID, "../holds", 1), `{"type":"block_actions","user":{"id":"U0ALICE"},"actions":[]}`,
		`{"type":"shortcut","user":{"id":"U0ALICE"},"callback_id":"haldane/rollback/oncall"}`,
	} {
		s.presses(t, conn, payload)
	}
	s.presses(t, conn, pressed("right-yes", "oncall", h.run.ID, "U0ALICE", "alice")) // comes after them
	s.whispered(t, 1)
	if got := h.all(); !strings.HasPrefix(got, "feedback yes") || len(s.whispers) != 1 {
		t.Errorf("did %q, said %v", got, s.whispers)
	}
}

// TestAnotherAction: several actions may be one app, whose presses come over any of its
// sockets. Each is measured by the settings of the one that posted the message.
func TestAnotherAction(t *testing.T) {
	s, h := newStandIn(t), newHouse(analysis.RollbackFailed)
	shared := &config.Shared{}
	for name, operator := range map[string]string{"oncall": "U0ALICE", "payments": "U0BOB"} {
		set := withButtons(s, func(s *slack.Settings) {
			s.Interactive, s.SigningSecret, s.AppToken = "socket", config.Secret{}, config.NewSecret(appToken)
			s.Operators = []string{operator}
		})
		a, err := set.Open(config.Env{Name: name, Shared: shared})
		if err != nil {
			t.Fatal(err)
		}
		listen(t, a, h)
	}
	for i, conn := range []*websocket.Conn{s.line(t), s.line(t)} {
		s.presses(t, conn, pressed("rollback", "oncall", h.run.ID, "U0BOB", "bob"))
		if said := s.whispered(t, 3*i+1); !strings.Contains(said, "operators of action oncall") {
			t.Errorf("bob presses a button of oncall: %q", said)
		}
		s.presses(t, conn, pressed("rollback", "payments", h.run.ID, "U0BOB", "bob"))
		if said := s.whispered(t, 3*i+2); !strings.HasPrefix(said, "Done. ") {
			t.Errorf("bob presses a button of payments: %q", said)
		}
		s.presses(t, conn, pressed("rollback", "removed", h.run.ID, "U0ALICE", "alice"))
		if said := s.whispered(t, 3*i+3); !strings.Contains(said, "action removed is not in the config any more") {
			t.Errorf("a button of an action that is gone: %q", said)
		}
	}
	if want := "rollback " + h.run.ID + " by slack:bob (U0BOB)"; h.all() != want+"; "+want {
		t.Errorf("did %q", h.all())
	}
}
