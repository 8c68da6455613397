package web_test

import (
	"slices"
	"testing"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/config"
)

func TestHook(t *testing.T) {
	for raw, sound := range map[string]bool{
		"https://hooks.example.com/a/b?sig=x": true, "http://localhost:1": true, "": false, "hooks/a": false,
		"https://u:p@hooks.example.com": false, "https://h/#x": false, "ftp://h/x": false, "https://h/\n": false,
	} {
		var n web.Names
		n.Hook("webhook_url", config.NewSecret(raw), "https://...")
		if (len(n.Problems) == 0) != sound {
			t.Errorf("%q: problems %+v, want sound = %v", raw, n.Problems, sound)
		}
	}
}

func TestHookSecrets(t *testing.T) {
	got := web.HookSecrets(config.NewSecret("https://h.example.com/hooks/T0KEN%2F1234/go?sig=a%2Bsignature&v=1"))
	for _, want := range []string{"T0KEN/1234", "T0KEN%2F1234", "a+signature", "a%2Bsignature", "/hooks/T0KEN%2F1234/go", "/hooks/T0KEN%2F1234/go?sig=a%2Bsignature&v=1"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not among %q", want, got)
		}
	}
	for _, plain := range []string{"go", "1", "hooks", "/"} {
		if slices.Contains(got, plain) {
			t.Errorf("%q is no secret", plain)
		}
	}
	if got := web.HookSecrets(config.NewSecret("https://h.example.com/")); len(got) != 1 {
		t.Errorf("%q, want the URL alone", got)
	}
}
