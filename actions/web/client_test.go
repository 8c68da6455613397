package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// client talks to a handler.
func client(t *testing.T, h http.HandlerFunc, change ...func(*Options)) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	o := Options{Who: "test", Base: s.URL + "/root/", Timeout: 10 * time.Second, Env: config.Env{Version: "1.2.3"}, Sign: Bearer(config.NewSecret("s3cr3t-token"))}
	for _, c := range change {
		c(&o)
	}
	return New(o)
}

// TestRequest: what is sent.
func TestRequest(t *testing.T) {
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Method, " ", r.URL.Path)
		for _, name := range []string{"User-Agent", "Accept", "Content-Type", "Authorization", "Idempotency-Key", "X-Api"} {
			fmt.Fprint(w, "|", r.Header.Get(name))
		}
	}, func(o *Options) { o.Header = map[string]string{"X-Api": "7"} })
	for want, r := range map[string]Request{
		"GET /root/a|haldane/1.2.3|application/json||Bearer s3cr3t-token||7":                          {Path: "/a"},
		"POST /root/a|haldane/1.2.3|application/json|application/json|Bearer s3cr3t-token|dlv_1|7":    {Method: "POST", Path: "/a", Body: []byte("{}"), Key: "dlv_1"},
		"PATCH /root/a|haldane/1.2.3|application/json|application/x+json|Bearer s3cr3t-token|dlv_1|7": {Method: "PATCH", Path: "/a", Body: []byte("{}"), Type: "application/x+json", Key: "dlv_1"},
	} {
		if a, err := c.Send(t.Context(), r); err != nil || string(a.Body) != want {
			t.Errorf("%s\nwant %s, error %v", a.Body, want, err)
		}
	}
}

// TestPathStays: a name in a path stays one segment, whatever stands before it.
func TestPathStays(t *testing.T) {
	for _, root := range []string{"/root", "/é", `/"`, "/a%2Fb"} {
		c := client(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RequestURI) },
			func(o *Options) { o.Base = strings.TrimSuffix(o.Base, "/root/") + root })
		if a, err := c.Send(t.Context(), Request{Path: "/a%2Fb?c=d"}); err != nil || !strings.HasSuffix(string(a.Body), "/a%2Fb?c=d") || strings.Count(string(a.Body), "/") != 2 {
			t.Errorf("%s: asked %s, error %v", root, a.Body, err)
		}
	}
}

// TestSaid: the vendor's own words, without the secret.
func TestSaid(t *testing.T) {
	for body, want := range map[string]string{
		`{"message": "no such app", "code": 5}`: ": no such app", `{"detail": "bad"}`: ": bad", `{"error": {"x": 1}}`: `: {"error": {"x": 1}}`,
		"<html>x</html>": "", "plain": ": plain", `{"message": "token s3cr3t-token is old"}`: ": token <secret> is old",
		strings.Repeat("a", 300): ": " + strings.Repeat("a", 200) + "...",
	} {
		c := client(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(418)
			fmt.Fprint(w, body)
		})
		a, err := c.Send(t.Context(), Request{Path: "/"})
		if text := fmt.Sprint(err); !strings.HasSuffix(text, "answered HTTP 418 I'm a teapot"+want) || a.Status != 418 {
			t.Errorf("%s: %s, want it to end in %q", body, text, want)
		}
	}
}

// TestLimits: what is too large, no JSON, or refused in a vendor's own way.
func TestLimits(t *testing.T) {
	small := func(o *Options) { o.Max = 10 }
	c := client(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "12345678901") }, small)
	if _, err := c.Send(t.Context(), Request{Path: "/"}); analysis.KindOf(err) != analysis.Unavailable {
		t.Errorf("too large: %v", err)
	}
	c = client(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "1234567890") }, small)
	a, err := c.Send(t.Context(), Request{Path: "/"})
	if err != nil || a.JSON(&struct{}{}) == nil {
		t.Errorf("a number taken for an object, error %v", err)
	}
	c = client(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, func(o *Options) {
		o.Adjust = func(a Answer, e *analysis.Error) { e.Kind = analysis.Limited }
		o.Sign = nil
	})
	if _, err := c.Send(t.Context(), Request{Path: "/"}); analysis.KindOf(err) != analysis.Limited {
		t.Errorf("adjusted: %v", err)
	}
}

func TestUntil(t *testing.T) {
	in := func(d time.Duration) string { return strconv.FormatInt(time.Now().Add(d).Unix(), 10) }
	for stamp, want := range map[string]bool{in(time.Hour): true, in(-time.Hour): false, "": false, "soon": false, "-5": false, "99999999999999999": false} {
		if got := Until(stamp, time.Second); (got > 0) != want || got > time.Hour {
			t.Errorf("%q: %v, want a time to wait: %v", stamp, got, want)
		}
	}
}

// TestNames: what may be a name, and what a path.
func TestNames(t *testing.T) {
	data := config.MessageData{}
	data.Run.Service = "check out"
	for text, want := range map[string]string{
		"{{.Run.Service}}": "check out", " a ": "a", "{{.Run.Version}}": "name: the template makes an empty name of this run",
		"a\nb": "name: the name holds a control character", "{{.Rollback.To}}": "name: ",
	} {
		n := &Names{}
		got, err := n.Parse("name", text, true).Of(data)
		if err != nil {
			got = err.Error()
		}
		if len(n.Problems) != 0 || !strings.HasPrefix(got, want) {
			t.Errorf("%q: %q, problems %v, want %q", text, got, n.Problems, want)
		}
	}
	n := &Names{}
	n.Parse("a", "", true)
	n.Parse("b", "", false)
	n.Parse("c", "{{.Nope}}", false)
	if len(n.Problems) != 2 || n.Err("x") == nil || (&Names{}).Err("x") != nil {
		t.Errorf("problems %+v", n.Problems)
	}
	if p, err := Path("a b", "c/d", "e"); err != nil || p != "/a%20b/c%2Fd/e" {
		t.Errorf("path %q, error %v", p, err)
	}
	for _, bad := range []string{"", ".", ".."} {
		if _, err := Path("a", bad); analysis.KindOf(err) != analysis.Invalid {
			t.Errorf("path with %q: %v", bad, err)
		}
	}
}

func TestBase(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://a": true, "http://a:8080/root": true, "": false, "a": false, "ftp://a": false, "https://u:p@a": false, "https://a/?x=1": false, "https://": false,
	} {
		n := &Names{}
		if n.Base("url", address, ""); (len(n.Problems) == 0) != ok {
			t.Errorf("%q: %+v", address, n.Problems)
		}
	}
}

func TestTarget(t *testing.T) {
	d := analysis.Delivery{}
	if _, err := Target(d); analysis.KindOf(err) != analysis.Invalid {
		t.Errorf("no notice: %v", err)
	}
	d.Event.Notice = &analysis.Notice{Rollback: &analysis.RollbackTarget{From: "2"}}
	if _, err := Target(d); analysis.KindOf(err) != analysis.Invalid {
		t.Errorf("no version: %v", err)
	}
	d.Event.Notice.Rollback.To = "1"
	if got, err := Target(d); err != nil || got.To != "1" {
		t.Errorf("%+v, %v", got, err)
	}
}
