package webhook_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/webhook"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// TestRehearseSendsNothing: it says what would be sent, as long as it would be, and without
// what may be a secret.
func TestRehearseSendsNothing(t *testing.T) {
	base, got := receiver(t)
	host, _ := url.Parse(base)
	for _, c := range []struct{ path, want string }{
		{"/undo", "POST " + host.Host + "/undo, "},
		{"", "POST " + host.Host + ", "},
		{"/services/T0AB/wX1y2Z3/roll-back?token=word", "POST " + host.Host + "/services/.../.../roll-back, "},
		{"/a/wordswithoutanythingelseinthem/b", "POST " + host.Host + "/a/.../b, "},
		{"/to/{{.Rollback.To}}", "POST " + host.Host + "/to/..., "},
	} {
		said, err := rehearse(t, settings(base+c.path))
		if err != nil || !strings.HasPrefix(said, c.want) || strings.Contains(said, "token") {
			t.Errorf("%s: %q, %v; want %q", c.path, said, err, c.want)
		}
	}
	if len(*got) != 0 {
		t.Errorf("%d requests were sent", len(*got))
	}
}

// TestRehearseCountsTheBody: as many bytes as Perform sends of the same delivery.
func TestRehearseCountsTheBody(t *testing.T) {
	var size int
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		size = len(b)
	}))
	t.Cleanup(server.Close)
	a := open(t, settings(server.URL+"/undo"))
	if _, err := a.Perform(t.Context(), actiontest.Delivery(1)); err != nil || size == 0 {
		t.Fatalf("%d bytes, %v", size, err)
	}
	said, err := a.(analysis.Rehearser).Rehearse(t.Context(), actiontest.Delivery(1))
	if want := fmt.Sprintf(", %d bytes", size); err != nil || !strings.HasSuffix(said, want) {
		t.Errorf("%q, %v; want %q", said, err, want)
	}
}

// TestRehearseFindsABrokenTemplate: what cannot be written is found without sending.
func TestRehearseFindsABrokenTemplate(t *testing.T) {
	base, got := receiver(t)
	s := settings(base+"/undo", func(s *webhook.Settings) { s.Body = `{"x": "{{.Run.Variables.region}}"}` })
	said, err := rehearse(t, s)
	if analysis.KindOf(err) != analysis.Invalid || said != "" || len(*got) != 0 {
		t.Errorf("%q, %v, %d requests", said, err, len(*got))
	}
}

func rehearse(t *testing.T, s *webhook.Settings) (string, error) {
	t.Helper()
	a, err := s.Open(config.Env{Name: "undo", Version: "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	return a.(analysis.Rehearser).Rehearse(t.Context(), actiontest.Delivery(1))
}
