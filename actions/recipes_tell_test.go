package actions_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// teller is a recipe that tells people, and the other side of it, as its vendor
// documents it. In its texts {id} is the delivery's, {run} the run's.
type teller struct {
	origin  string
	method  string
	address string // path and query
	header  [2]string
	kind    string         // content type
	must    []string       // fields that may not be missing or empty
	limits  map[string]int // of every field that is known: nested ones with dots; -1: not a text
	size    func(string) int
	whole   int // bytes of the body at most; 0: any number
	code    int
	reply   string
	key     func(r *http.Request, fields map[string]any) string // what makes a repeat the same; nil: nothing does
	body    string                                              // of the delivery that actiontest makes
}

func characters(s string) int { return utf8.RuneCountInString(s) }
func inBytes(s string) int    { return len(s) }
func inUTF16(s string) int    { return len(utf16.Encode([]rune(s))) }

func field(name string) func(*http.Request, map[string]any) string {
	return func(_ *http.Request, fields map[string]any) string { return fmt.Sprint(fields[name]) }
}

// said is what the recipes say of the delivery that actiontest makes.
const (
	saidHead = `checkout 1.4.2 in production: run.failed`
	saidText = `errors rose from 0.1 % to 5 %\nRollback to 1.4.1: sending\n- errors: errors rose from 0.1 % to 5 %`
	saidPage = `https://haldane.example.com/runs/1`
)

func tellers() map[string]teller {
	const all = saidHead + `\n` + saidText + `\n` + saidPage
	return map[string]teller{
		"telegram.yaml": {
			origin: "https://api.telegram.org", method: "POST", address: "/bots3cr3t/sendMessage", kind: "application/json",
			must: []string{"chat_id", "text"}, limits: map[string]int{"chat_id": -1, "text": 4096, "link_preview_options.is_disabled": -1},
			size: inUTF16, code: 200, reply: `{"ok": true, "result": {"message_id": 156, "date": 1670440475}}`,
			body: `{"chat_id": -1001234567890, "link_preview_options": {"is_disabled": true}, "text": "` + all + `"}`,
		},
		"ntfy.yaml": {
			origin: "https://ntfy.example.com", method: "POST", address: "/", kind: "application/json",
			header: [2]string{"Authorization", "Bearer s3cr3t"}, must: []string{"topic", "message", "title"},
			limits: map[string]int{"topic": 64, "sequence_id": 64, "title": 1024, "message": 4096, "priority": -1, "click": 2048},
			size:   inBytes, whole: 8192, code: 200, reply: `{"id": "hwQ2YpKdmg", "event": "message", "topic": "releases"}`, key: field("sequence_id"),
			body: `{"topic": "releases", "sequence_id": "{id}", "title": "` + saidHead + `", "message": "` + saidText + `", "priority": 5, "click": "` + saidPage + `"}`,
		},
		"mattermost.yaml": {
			origin: "https://mattermost.example.com", method: "POST", address: "/hooks/s3cr3t", kind: "application/json",
			must: []string{"text"}, limits: map[string]int{"text": 4000}, size: characters, code: 200, reply: "ok",
			body: `{"text": "#### ` + all + `"}`,
		},
		"google-chat.yaml": {
			origin: "https://chat.googleapis.com", method: "POST", kind: "application/json; charset=UTF-8",
			address: "/v1/spaces/AAAAexample/messages?key=s3cr3t&token=s3cr3t&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD&requestId={id}",
			must:    []string{"text", "thread.threadKey"}, limits: map[string]int{"text": 32_000, "thread.threadKey": 4000},
			size: inBytes, code: 200, reply: `{"name": "spaces/AAAAexample/messages/x.x", "thread": {"name": "spaces/AAAAexample/threads/x"}}`,
			key:  func(r *http.Request, _ map[string]any) string { return r.URL.Query().Get("requestId") },
			body: `{"thread": {"threadKey": "{run}"}, "text": "` + all + `"}`,
		},
		"opsgenie.yaml": {
			origin: "https://api.opsgenie.com", method: "POST", address: "/v2/alerts", kind: "application/json",
			header: [2]string{"Authorization", "GenieKey s3cr3t"}, must: []string{"message", "alias"},
			limits: map[string]int{
				"message": 130, "alias": 512, "description": 15_000, "entity": 512, "source": 100, "priority": 2,
				"details.report": 4000, "details.runbook": 4000, // 8000 together
			},
			size: characters, code: 202, reply: `{"result": "Request will be processed", "took": 0.302, "requestId": "43a29c5c"}`, key: field("alias"),
			body: `{"message": "` + saidHead + `", "alias": "{run}", "description": "` + saidText + `", "entity": "checkout", "source": "haldane", "priority": "P1",
				"details": {"report": "` + saidPage + `", "runbook": "https://runbooks.example.com/checkout"}}`,
		},
		"matrix.yaml": {
			origin: "https://matrix.example.com", method: "PUT", address: "/_matrix/client/v3/rooms/%21releases:example.com/send/m.room.message/{id}",
			kind: "application/json", header: [2]string{"Authorization", "Bearer s3cr3t"}, must: []string{"msgtype", "body"},
			limits: map[string]int{"msgtype": 255, "body": 60_000}, size: inBytes, whole: 60_000, // of 65,536 with what the homeserver adds
			code: 200, reply: `{"event_id": "$YUwRidLecu:example.com"}`,
			key:  func(r *http.Request, _ map[string]any) string { return r.URL.Path },
			body: `{"msgtype": "m.text", "m.mentions": {}, "body": "` + all + `"}`,
		},
	}
}

// TestRecipesTell loads each recipe that tells people with the real loader, and lets it
// tell everything there is.
func TestRecipesTell(t *testing.T) {
	for name, one := range tellers() {
		t.Run(name, func(t *testing.T) {
			side, list := newListener(t, name, one)
			a := opened(t, list, "tell-")
			side.hears(a, actiontest.Delivery(1), one.body)

			again := map[bool]int{true: 2, false: 1}[one.key == nil]
			actiontest.Done(t, a, side.about(actiontest.Delivery(1)))
			if n := len(side.kept); n != again {
				t.Errorf("a repeat makes %d messages, want %d", n, again)
			}
			for _, event := range actiontest.Told() {
				side.hears(a, actiontest.About(2, event, nil), "")
			}
			side.hears(a, actiontest.Held(actiontest.About(3, analysis.EventHoldEngaged, nil), analysis.HoldManyServices), "")
			side.hears(a, actiontest.About(4, analysis.EventRunPassed, func(n *analysis.Notice) { n.Rollback, n.Findings, n.Report = nil, nil, "" }), "")
			for _, long := range append(actiontest.Long(), strings.Repeat("\x01", 20_000), strings.Repeat("@all <!channel> <users/all> ", 900)) {
				side.hears(a, actiontest.Verbose(analysis.EventRunFailed, long, 20), "")
			}
			side.refuses(a)
		})
	}
}

// TestRecipesTellMarks looks at what comes before and instead of the plain words.
func TestRecipesTellMarks(t *testing.T) {
	d := actiontest.About(1, analysis.EventRunPassed, func(n *analysis.Notice) {
		n.Plan.DryRun, n.Run.Drill, n.Reason = true, true, "@all <!here> <users/all>"
	})
	for name, want := range map[string][]string{
		"telegram.yaml":    {"DRILL: dry run: checkout"},
		"ntfy.yaml":        {"DRILL: dry run: checkout", `"priority": 3`},
		"opsgenie.yaml":    {"DRILL: dry run: checkout"},
		"matrix.yaml":      {"DRILL: dry run: checkout"},
		"mattermost.yaml":  {"DRILL: dry run: checkout", "@\u200ball < !here>"},
		"google-chat.yaml": {"DRILL: dry run: checkout", "< users/all>"},
	} {
		side, list := newListener(t, name, tellers()[name])
		side.hears(opened(t, list, "tell-"), d, "")
		for _, part := range want {
			if !strings.Contains(side.last, part) {
				t.Errorf("%s: %q is not in %s", name, part, side.last)
			}
		}
	}
}

// TestRecipesTellOpsgenieCloses closes the alert of the run, by its alias.
func TestRecipesTellOpsgenieCloses(t *testing.T) {
	one := tellers()["opsgenie.yaml"]
	one.address, one.must, one.limits = "/v2/alerts/{run}/close?identifierType=alias", []string{"source"}, map[string]int{"source": 100, "note": 25_000}
	side, list := newListener(t, "opsgenie.yaml", one)
	a := opened(t, list, "close-")
	side.hears(a, actiontest.Delivery(1), `{"source": "haldane", "note": "The rollback to 1.4.1 is done."}`)
	side.hears(a, actiontest.About(1, analysis.EventRunPassed, func(n *analysis.Notice) { n.Rollback = nil }), `{"source": "haldane", "note": ""}`)
	side.refuses(a)
}

// opened opens the action whose name begins like this. None of a recipe that tells people
// may change the world.
func opened(t *testing.T, list []config.Action, begins string) analysis.Action {
	t.Helper()
	var open analysis.Action
	for _, a := range list {
		if a.Settings.ChangesWorld() {
			t.Fatalf("%s changes the world", a.Name)
		}
		if !strings.HasPrefix(a.Name, begins) {
			continue
		}
		var err error
		if open, err = a.Settings.Open(config.Env{Name: a.Name}); err != nil {
			t.Fatal(err)
		}
	}
	if open == nil {
		t.Fatalf("no action %s", begins)
	}
	return open
}

// listener is the other side.
type listener struct {
	teller

	t      *testing.T
	d      analysis.Delivery // that is being told
	last   string            // body
	why    string            // it was refused
	kept   map[string]bool   // messages
	denies bool              // and quotes what it was sent
}

func newListener(t *testing.T, name string, one teller) (*listener, []config.Action) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "deploy", "recipes", name))
	if err != nil {
		t.Fatal(err)
	}
	side := &listener{teller: one, t: t, kept: map[string]bool{}}
	server := httptest.NewServer(side)
	t.Cleanup(server.Close)
	for _, part := range []string{one.origin, "# Needs:", "# Limits:", "# A repeat "} {
		if !strings.Contains(string(text), part) {
			t.Fatalf("the recipe does not say %q", part)
		}
	}
	return side, readRecipe(t, strings.ReplaceAll(string(text), `"`+one.origin, `"`+server.URL))
}

// about makes the listener expect a delivery.
func (l *listener) about(d analysis.Delivery) analysis.Delivery {
	l.d, l.why = d, ""
	return d
}

// filled puts the ids of the delivery into a text.
func (l *listener) filled(text string) string {
	run := l.d.ID
	if n := l.d.Event.Notice; n.Run != nil {
		run = n.Run.ID
	}
	return strings.NewReplacer("{id}", l.d.ID, "{run}", run).Replace(text)
}

// hears lets a delivery be told; want, if it is given, is the body.
func (l *listener) hears(a analysis.Action, d analysis.Delivery, want string) {
	l.t.Helper()
	r, err := a.Perform(l.t.Context(), l.about(d))
	switch {
	case err != nil:
		l.t.Fatalf("%s: %v: %s", d.EventType, err, l.why)
	case !r.Done || strings.Contains(r.Text, "s3cr3t"):
		l.t.Errorf("%s: receipt %+v", d.EventType, r)
	case want != "" && !sameJSON(l.last, l.filled(want)):
		l.t.Errorf("body %s\nwant %s", l.last, l.filled(want))
	}
}

// refuses lets the other side quote all that it was sent.
func (l *listener) refuses(a analysis.Action) {
	l.t.Helper()
	l.denies = true
	_, err := a.Perform(l.t.Context(), l.about(actiontest.Delivery(5)))
	if analysis.KindOf(err) != analysis.Denied || strings.Contains(fmt.Sprintf("%v %+v", err, analysis.AsError(err)), "s3cr3t") {
		l.t.Errorf("refused: %v", err)
	}
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	l.last = string(body)
	fail := func(code int, why string) {
		l.why = why
		http.Error(w, why, code)
	}
	var fields map[string]any
	switch {
	case l.denies:
		fail(http.StatusUnauthorized, fmt.Sprintf("no: %s %v", r.RequestURI, r.Header))
	case r.Method != l.method || r.RequestURI != l.filled(l.address):
		fail(http.StatusNotFound, r.Method+" "+r.RequestURI)
	case l.header[0] != "" && r.Header.Get(l.header[0]) != l.header[1]:
		fail(http.StatusForbidden, "who are you")
	case r.Header.Get("Content-Type") != l.kind:
		fail(http.StatusUnsupportedMediaType, r.Header.Get("Content-Type"))
	case l.whole > 0 && len(body) > l.whole:
		fail(http.StatusRequestEntityTooLarge, fmt.Sprint(len(body), " bytes"))
	case !utf8.Valid(body) || json.Unmarshal(body, &fields) != nil:
		fail(http.StatusBadRequest, "not JSON")
	case l.wrong(fields) != "":
		fail(http.StatusBadRequest, l.wrong(fields))
	default:
		key := fmt.Sprint(len(l.kept))
		if l.key != nil {
			key = l.key(r, fields)
		}
		l.kept[key] = true
		w.WriteHeader(l.code)
		fmt.Fprint(w, l.reply)
	}
}

// wrong says what is wrong with the fields: unknown, missing or too long.
func (l *listener) wrong(fields map[string]any) string {
	flat := map[string]any{}
	flatten("", fields, flat)
	for name, value := range flat {
		limit, known := l.limits[name]
		text, isText := value.(string)
		switch {
		case !known || isText != (limit >= 0):
			return name + " is unknown, or of another type"
		case isText && l.size(text) > limit:
			return fmt.Sprintf("%s has %d, at most %d", name, l.size(text), limit)
		}
	}
	for _, name := range l.must {
		if v, there := flat[name]; !there || v == "" {
			return name + " is missing"
		}
	}
	return ""
}

// flatten names nested fields with dots. An object without fields leaves nothing.
func flatten(before string, fields, flat map[string]any) {
	for name, value := range fields {
		if inner, ok := value.(map[string]any); ok {
			flatten(before+name+".", inner, flat)
			continue
		}
		flat[before+name] = value
	}
}
