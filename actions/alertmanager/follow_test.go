package alertmanager_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/analysis"
)

// TestStories: which alerts of a run are alive after each event, and which end.
func TestStories(t *testing.T) {
	const failed, notRecovered, rollback, undecided, source, action = "HaldaneReleaseFailed", "HaldaneReleaseNotRecovered",
		"HaldaneRollbackFailed", "HaldaneReleaseUndecided", "HaldaneSourceTroubled", "HaldaneActionFailed"
	type step struct {
		event    analysis.EventType
		rollback analysis.RollbackState
		on, over string
	}
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"all is well", []step{{analysis.EventRunStarted, "", "", ""}, {analysis.EventRunPassed, "", "", ""}}},
		{"failed and recovered", []step{
			{analysis.EventRunFailed, "", failed, ""},
			{analysis.EventRollbackUpdated, analysis.RollbackDone, failed, ""},
			{analysis.EventRollbackVerified, "", "", failed},
			{analysis.EventDeliveryDone, "", "", ""},
		}},
		{"nothing helps", []step{
			{analysis.EventRunFailed, "", failed, ""},
			{analysis.EventRollbackUpdated, analysis.RollbackFailed, failed + " " + rollback, ""},
			{analysis.EventDeliveryFailed, "", failed + " " + rollback + " " + action, ""},
			{analysis.EventRollbackNotRecovered, "", failed + " " + rollback + " " + action + " " + notRecovered, ""},
			{analysis.EventRollbackVerified, "", "", failed + " " + rollback + " " + action + " " + notRecovered},
		}},
		{"twice the same", []step{{analysis.EventRunFailed, "", failed, ""}, {analysis.EventRunFailed, "", failed, ""}}},
		{"trouble, then undecided", []step{
			{analysis.EventSourceTroubled, "", source, ""},
			{analysis.EventRunInconclusive, "", source + " " + undecided, ""},
			{analysis.EventSourceRecovered, "", undecided, source},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStandIn(t)
			a := open(t, settings(s.URL+"/am"))
			var earlier []analysis.Receipt
			for _, step := range c.steps {
				before := len(s.got())
				d := actiontest.About(1, step.event, actiontest.Rollback(step.rollback), earlier...)
				r := actiontest.Done(t, a, d)
				earlier = append(earlier, r)
				if step.on+step.over == "" {
					if len(s.got()) != before || !r.Done {
						t.Errorf("%s: done %v, and %d posts, want none", step.event, r.Done, len(s.got())-before)
					}
					continue
				}
				on, over := s.names(t)
				if strings.Join(on, " ") != step.on || strings.Join(over, " ") != step.over || r.Done != (step.on == "") {
					t.Errorf("%s: alive %v, over %v, done %v; want %q and %q", step.event, on, over, r.Done, step.on, step.over)
				}
			}
		})
	}
}

// TestResend: what is sent again is the same alert with a later end; what happened
// since is said in it.
func TestResend(t *testing.T) {
	s := newStandIn(t)
	a := open(t, settings(s.URL+"/am"))
	first := actiontest.Done(t, a, actiontest.Delivery(1))
	kept := maps.Clone(first.Refs)
	second := again(t, a, first)
	if second.Done || second.Again != time.Minute || second.Refs["alive"] != first.Refs["alive"] || !maps.Equal(kept, first.Refs) {
		t.Errorf("receipt %+v, want that of before", second)
	}
	actiontest.Done(t, a, actiontest.About(1, analysis.EventRollbackUpdated, actiontest.Rollback(analysis.RollbackDone), second))
	got := s.got()
	one, two, three := got[0][0], got[1][0], got[2][0]
	if !maps.Equal(one.Labels, two.Labels) || !maps.Equal(one.Labels, three.Labels) || !one.StartsAt.Equal(three.StartsAt) ||
		two.EndsAt.Before(one.EndsAt) || !maps.Equal(one.Annotations, two.Annotations) {
		t.Errorf("first %+v\nthen %+v\nthen %+v", one, two, three)
	}
	if want := "checkout 1.4.2 in production: failed, rolled back to 1.4.1"; three.Annotations["news"] != want {
		t.Errorf("news %q, want %q", three.Annotations["news"], want)
	}
	if r := again(t, a, analysis.Receipt{}); !r.Done || len(s.got()) != 3 {
		t.Errorf("of a receipt without alerts: %+v", r)
	}
}

// TestCluster: every member is told; one that takes the alerts is enough.
func TestCluster(t *testing.T) {
	one, two := newStandIn(t), newStandIn(t)
	a := open(t, settings(one.URL+"/am", two.URL+"/am"))
	for _, c := range []struct {
		one, two int
		want     analysis.Kind
		text     string
	}{
		{0, 0, "", "1 alive, taken by 2 of 2"},
		{503, 0, "", "1 alive, taken by 1 of 2"},
		{0, 400, "", "1 alive, taken by 1 of 2"},
		{503, 400, analysis.Unavailable, ""},
		{400, 503, analysis.Unavailable, ""},
		{404, 404, analysis.NotFound, ""},
	} {
		one.breaks(c.one)
		two.breaks(c.two)
		r, err := a.Perform(t.Context(), actiontest.Delivery(1))
		if analysis.KindOf(err) != c.want || r.Text != c.text {
			t.Errorf("%d and %d: %q, %v", c.one, c.two, r.Text, err)
		}
		_, err = a.(analysis.Follower).Follow(t.Context(), actiontest.Delivery(1), analysis.Receipt{Refs: map[string]string{"alive": `[{"labels":{"a":"b"}}]`}})
		if analysis.KindOf(err) != c.want {
			t.Errorf("%d and %d again: %v", c.one, c.two, err)
		}
		if err := a.(analysis.Checker).Check(t.Context()); (err == nil) != (c.one+c.two == 0) {
			t.Errorf("%d and %d: check says %v", c.one, c.two, err)
		}
	}
}

// TestHold: the alert of a hold lasts as long as the hold, and ends with it.
func TestHold(t *testing.T) {
	s := newStandIn(t)
	set := settings(s.URL + "/am")
	set.Labels = map[string]string{"team": "{{.Plan.Owner}}"} // which a hold does not have
	a := open(t, set)
	until := time.Now().Add(30 * time.Minute).UTC().Truncate(time.Second)
	d := actiontest.Held(actiontest.About(1, analysis.EventHoldEngaged, nil), analysis.HoldManyServices)
	d.Event.Notice.Hold.Until = &until
	if r := actiontest.Done(t, a, d); !r.Done {
		t.Errorf("receipt %+v: nobody would end it", r)
	}
	over := d
	over.Event.Type = analysis.EventHoldReleased
	actiontest.Done(t, a, over)
	manual := actiontest.Held(actiontest.About(1, analysis.EventHoldEngaged, nil), analysis.HoldManual)
	actiontest.Done(t, a, manual)
	digest := actiontest.About(1, analysis.EventMessagesDigest, nil)
	digest.RunID = ""
	if r := actiontest.Done(t, a, digest); !r.Done {
		t.Errorf("receipt %+v: nobody would end it", r)
	}
	got := s.got()
	if last := got[len(got)-1][0]; last.Labels["alertname"] != "HaldaneMessagesHeldBack" || !last.EndsAt.Equal(digest.Event.At.Add(time.Hour)) {
		t.Errorf("digest %+v", last)
	}
	got = got[:len(got)-1]
	if len(got) != 2 || !got[0][0].EndsAt.Equal(until) || got[1][0].EndsAt.After(time.Now()) || !maps.Equal(got[0][0].Labels, got[1][0].Labels) {
		t.Errorf("posts %+v", got)
	}
}

// TestFollowTrouble: what sending again gives away, and when it is given up.
func TestFollowTrouble(t *testing.T) {
	for name, with := range ways() {
		for _, secret := range actiontest.Planted() {
			s := newStandIn(t)
			set := settings(s.URL + "/am")
			with(set, secret)
			a := open(t, set)
			r := actiontest.Done(t, a, actiontest.Delivery(1))
			s.repeats()
			_, err := a.(analysis.Follower).Follow(t.Context(), actiontest.Delivery(1), r)
			if analysis.KindOf(err) != analysis.Denied || strings.Contains(err.Error(), strings.Fields(secret)[0]) {
				t.Errorf("%s: error %v, want denied, and no secret", name, err)
			}
		}
	}
	s := newStandIn(t)
	a := open(t, settings(s.URL+"/am"))
	r := actiontest.Done(t, a, actiontest.Delivery(1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.(analysis.Follower).Follow(ctx, actiontest.Delivery(1), r); analysis.KindOf(err) != analysis.Unavailable {
		t.Errorf("cancelled: %v", err)
	}
}
