package argocd_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/argocd"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

type change = func(*argocd.Settings)

func settings(base string, changes ...change) *argocd.Settings {
	s := argocd.New().(*argocd.Settings)
	s.Server, s.Token, s.Application, s.Project = base, config.NewSecret("t0ken"), "{{.Run.Service}}", "shop"
	s.Find = "parameter"
	for _, c := range changes {
		c(s)
	}
	return s
}

func open(t *testing.T, s *argocd.Settings) analysis.Action {
	t.Helper()
	if p := s.Check(); len(p) > 0 {
		t.Fatalf("settings have problems: %+v", p)
	}
	a, err := s.Open(config.Env{Name: "undo"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func aborts(s *argocd.Settings) {
	s.Action, s.Rollout.Namespace, s.Rollout.Name = "abort-rollout", "shop", "{{.Run.Service}}"
}

func TestExercise(t *testing.T) {
	fresh := func(change func(*standIn)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			s := newStandIn()
			s.token = ""
			change(s)
			s.ServeHTTP(w, r)
		}
	}
	for name, c := range map[string]struct {
		with      change
		following actiontest.Following
	}{
		"rollback": {func(*argocd.Settings) {}, actiontest.Following{
			Going:  fresh(func(s *standIn) { s.synced("Running", "waiting for completion of hook") }),
			Done:   fresh(func(s *standIn) { s.synced("Succeeded", "", entry(6, good, "1.4.1")).healthy("Healthy") }),
			Failed: fresh(func(s *standIn) { s.synced("Failed", "one or more objects failed to apply") }),
		}},
		"abort-rollout": {aborts, actiontest.Following{
			Going:  fresh(func(s *standIn) { s.aborted("Progressing", "") }),
			Done:   fresh(func(s *standIn) { s.aborted("Degraded", "RolloutAborted: Rollout aborted update to revision 3") }),
			Failed: fresh(func(*standIn) {}), // not aborted any more
		}},
	} {
		t.Run(name, func(t *testing.T) {
			actiontest.Exercise(t, actiontest.Kit{
				Open: func(t *testing.T, s actiontest.Setup) analysis.Action {
					a := settings(s.Base, c.with)
					a.Timeout, a.Token = analysis.Duration(s.Timeout), config.NewSecret(strings.Join(strings.Fields(s.Secret), " "))
					opened, err := a.Open(s.Env)
					if err != nil {
						t.Fatal(err)
					}
					return opened
				},
				Accept:    fresh(func(*standIn) {}),
				Key:       func(r *http.Request, _ []byte) string { return r.Header.Get("Idempotency-Key") },
				Following: &c.following,
			})
		})
	}
}

// TestRequests looks at what is sent, by each way of finding the version, and at what
// a repeat does.
func TestRequests(t *testing.T) {
	rollback := `POST /api/v1/applications/checkout/rollback {"id":4,"name":"checkout","project":"shop","prune":false}`
	commit := func(version string) change {
		return func(s *argocd.Settings) { s.Find, s.Version = "revision", version }
	}
	for name, c := range map[string]struct {
		with change
		want string
	}{
		"parameter":        {func(*argocd.Settings) {}, rollback},
		"kustomize image":  {func(s *argocd.Settings) { s.Find = "image" }, rollback},
		"tag":              {commit("v{{.Rollback.To}}"), rollback},
		"commit":           {commit(good), rollback},
		"shortened commit": {commit(good[:7]), rollback},
		"prune and namespace": {
			func(s *argocd.Settings) { s.Prune, s.AppNamespace = true, "team-shop" },
			`POST /api/v1/applications/checkout/rollback {"appNamespace":"team-shop","id":4,"name":"checkout","project":"shop","prune":true}`,
		},
		"abort": {
			aborts, `POST /api/v1/applications/checkout/resource/actions/v2 {"action":"abort","group":"argoproj.io","kind":"Rollout","name":"checkout",` +
				`"namespace":"shop","project":"shop","resourceName":"checkout","version":"v1alpha1"}`,
		},
	} {
		s := newStandIn()
		a := open(t, settings(s.serve(t), c.with))
		for range 2 {
			if r, err := a.Perform(t.Context(), actiontest.Delivery(1)); err != nil || r.Done || r.Text == "" {
				t.Errorf("%s: receipt %+v, error %v", name, r, err)
			}
		}
		if got := s.seen(); !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s: requests\n%s\nwant one:\n%s", name, strings.Join(got, "\n"), c.want)
		}
	}
}

// TestAutoSync is refused before anything is asked, or switched off first.
func TestAutoSync(t *testing.T) {
	for automated, on := range map[string]bool{`{"prune": true}`: true, `{"enabled": true}`: true, `{}`: true, `{"enabled": false}`: false} {
		s := newStandIn()
		s.app["spec"].(object)["syncPolicy"].(object)["automated"] = rawJSON(automated)
		base := s.serve(t)
		_, err := open(t, settings(base)).Perform(t.Context(), actiontest.Delivery(1))
		if on && (analysis.KindOf(err) != analysis.Conflict || !strings.Contains(err.Error(), "action: abort-rollout") || len(s.seen()) != 0) {
			t.Errorf("%s: error %v, requests %q", automated, err, s.seen())
		}
		if !on {
			if err != nil {
				t.Errorf("%s: %v", automated, err)
			}
			continue
		}
		r, err := open(t, settings(base, func(s *argocd.Settings) { s.DisableAutoSync = true })).Perform(t.Context(), actiontest.Delivery(1))
		if err != nil || !strings.Contains(r.Text, "put it back") || len(s.seen()) != 2 || !strings.HasPrefix(s.seen()[0], "PATCH ") {
			t.Errorf("%s: receipt %+v, error %v, requests %q", automated, r, err, s.seen())
		}
	}
}

// TestFollow goes through the states.
func TestFollow(t *testing.T) {
	for _, c := range []struct {
		name string
		now  func(*standIn)
		with change
		text string
		done bool
		kind analysis.Kind
	}{
		{name: "asked", now: func(s *standIn) { delete(s.status(), "operationState") }, text: "waiting"},
		{name: "old state", now: func(s *standIn) { s.app["operation"] = object{} }, text: "waiting"},
		{name: "running", now: func(s *standIn) { s.synced("Running", "") }, text: "sync Running"},
		{name: "terminating", now: func(s *standIn) { s.synced("Terminating", "") }, text: "sync Terminating"},
		{name: "unknown", now: func(s *standIn) { s.synced("Dreaming", "") }, text: "sync Dreaming"},
		{name: "not healthy", now: func(s *standIn) { s.synced("Succeeded", "", entry(6, good, "1.4.1")) }, text: "its health is Progressing"},
		{name: "healthy", now: func(s *standIn) { s.synced("Succeeded", "", entry(6, good, "1.4.1")).healthy("Healthy") }, text: "healthy: version 1.4.1", done: true},
		{name: "error", now: func(s *standIn) { s.synced("Error", "git is down") }, text: "the sync failed: git is down", kind: analysis.Conflict},
		{name: "another", now: func(s *standIn) { s.synced("Succeeded", "", entry(6, bad, "1.4.3")) }, text: "somebody synced", kind: analysis.Conflict},
		{name: "aborting", now: func(s *standIn) { s.aborted("Paused", "") }, with: aborts, text: "waiting"},
		{name: "aborted", now: func(s *standIn) { s.aborted("Degraded", "RolloutAborted: x") }, with: aborts, text: "aborted: traffic", done: true},
		{name: "degraded by itself", now: func(s *standIn) { s.aborted("Degraded", "ProgressDeadlineExceeded: x") }, with: aborts, text: "waiting"},
		{name: "tried again", now: func(*standIn) {}, with: aborts, text: "tried again", kind: analysis.Conflict},
		{name: "promoted", now: func(s *standIn) { s.stable = "1.4.2" }, with: aborts, text: "its stable version is 1.4.2", kind: analysis.Conflict},
		{name: "Git is right", now: func(s *standIn) {
			s.rollout = manifest("Rollout", "1.4.1", object{"currentPodHash": "111", "stableRS": "111", "phase": "Healthy"})
		}, with: aborts, text: "the only one", done: true},
		{name: "coming back", now: func(s *standIn) {
			s.rollout = manifest("Rollout", "1.4.1", object{"currentPodHash": "111", "stableRS": "111", "phase": "Progressing"})
		}, with: aborts, text: "is progressing"},
		{name: "another comes", now: func(s *standIn) {
			s.rollout = manifest("Rollout", "1.4.3", object{"currentPodHash": "333", "stableRS": "111"})
		}, with: aborts, text: "it is rolling out 1.4.3 now", kind: analysis.Conflict},
	} {
		s := newStandIn()
		c.now(s)
		if c.with == nil {
			c.with = func(*argocd.Settings) {}
		}
		a := open(t, settings(s.serve(t), c.with)).(analysis.Follower)
		r, err := a.Follow(t.Context(), actiontest.Delivery(1), analysis.Receipt{})
		text := r.Text
		if err != nil {
			text = err.Error()
		}
		if !strings.Contains(text, c.text) || r.Done != c.done || analysis.KindOf(err) != c.kind {
			t.Errorf("%s: %q, done %v, error %v; want %q, %v, %q", c.name, text, r.Done, err, c.text, c.done, c.kind)
		}
	}
}

// TestRefusals: nothing is asked for when it is not clear what.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		now  func(*standIn)
		with change
		d    func(*analysis.Delivery)
		kind analysis.Kind
		says string
	}{
		"no such version":   {d: func(d *analysis.Delivery) { d.Event.Notice.Rollback.To = "1.3.9" }, kind: analysis.NotFound, says: "none of the 3 entries"},
		"two of it":         {now: func(s *standIn) { s.synced("Succeeded", "", entry(2, old, "1.4.1")) }, kind: analysis.Conflict, says: "2 and 4"},
		"another since":     {now: func(s *standIn) { s.synced("Succeeded", "", entry(6, old, "1.4.3")) }, kind: analysis.Conflict, says: "is 1.4.3, which is not"},
		"another operation": {now: func(s *standIn) { s.app["operation"] = object{"sync": object{"revision": bad}} }, kind: analysis.Unavailable, says: "in progress"},
		"wrong token":       {with: func(s *argocd.Settings) { s.Token = config.NewSecret("other") }, kind: analysis.Denied, says: "no session"},
		"wrong project":     {with: func(s *argocd.Settings) { s.Project = "cart" }, kind: analysis.Denied, says: "permission denied"},
		"no rollback":       {d: func(d *analysis.Delivery) { d.Event.Notice.Rollback = nil }, kind: analysis.Invalid, says: "names no version"},
		"abort, promoted":   {now: func(s *standIn) { s.stable = "1.4.2" }, with: aborts, kind: analysis.Conflict, says: "its stable version is 1.4.2, not 1.4.1 (try: action: rollback"},
		"abort, another": {now: func(s *standIn) {
			s.rollout = manifest("Rollout", "1.4.3", object{"currentPodHash": "333", "stableRS": "111"})
		}, with: aborts, kind: analysis.Conflict, says: "left as it is"},
		"abort, not there": {with: func(s *argocd.Settings) { aborts(s); s.Rollout.Name = "cart" }, kind: analysis.Invalid, says: "not found as part of"},
	} {
		s, d := newStandIn(), actiontest.Delivery(1)
		if c.now != nil {
			c.now(s)
		}
		if c.with == nil {
			c.with = func(*argocd.Settings) {}
		}
		if c.d != nil {
			c.d(&d)
		}
		_, err := open(t, settings(s.serve(t), c.with)).Perform(t.Context(), d)
		if analysis.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) || len(s.seen()) != 0 {
			t.Errorf("%s: error %v, requests %q; want %s, %q", name, err, s.seen(), c.kind, c.says)
		}
	}
}

// TestOvertaken: an operation begins between reading and asking.
func TestOvertaken(t *testing.T) {
	s := newStandIn()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			fail(w, 400, 9, "another operation is already in progress")
			return
		}
		s.ServeHTTP(w, r)
	})
	_, err := open(t, settings(serve(t, h))).Perform(t.Context(), actiontest.Delivery(1))
	if analysis.KindOf(err) != analysis.Unavailable {
		t.Errorf("error %v, want it tried again", err)
	}
}

func TestCheck(t *testing.T) {
	for field, with := range map[string]change{
		"server": func(s *argocd.Settings) { s.Server = "argocd" }, "token": func(s *argocd.Settings) { s.Token = config.Secret{} },
		"application": func(s *argocd.Settings) { s.Application = "" }, "project": func(s *argocd.Settings) { s.Project = "{{" },
		"find": func(s *argocd.Settings) { s.Find = "tag" }, "parameter": func(s *argocd.Settings) { s.Find, s.Parameter = "image", "x" },
		"action": func(s *argocd.Settings) { s.Action = "sync" }, "version": func(s *argocd.Settings) { s.Version = " " },
		"rollout.name":      func(s *argocd.Settings) { aborts(s); s.Rollout.Name = "" },
		"disable_auto_sync": func(s *argocd.Settings) { aborts(s); s.DisableAutoSync = true },
		"deadline":          func(s *argocd.Settings) { s.Deadline = -1 }, "tls.ca": func(s *argocd.Settings) { s.TLS.CA = "/nowhere" },
	} {
		if p := settings("https://argocd.example.com", with).Check(); len(p) != 1 || p[0].Field != field {
			t.Errorf("problems %+v, want one at %s", p, field)
		}
	}
	s := newStandIn()
	err := open(t, settings(s.serve(t), func(s *argocd.Settings) { s.Token = config.NewSecret("other") })).(analysis.Checker).Check(t.Context())
	if analysis.KindOf(err) != analysis.Denied {
		t.Errorf("check with a wrong token: %v", err)
	}
}
