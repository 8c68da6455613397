package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/config"
)

// TestSecretPrintsAsNothing prints a secret in every way that Go has, alone and
// inside other values.
func TestSecretPrintsAsNothing(t *testing.T) {
	const planted = "hun\"ter\n2"
	s := config.NewSecret(planted)
	type holder struct {
		S    config.Secret
		P    *config.Secret
		L    []config.Secret
		M    map[string]config.Secret
		Deep *struct{ S config.Secret }
		Any  any
	}
	h := holder{s, &s, []config.Secret{s}, map[string]config.Secret{"k": s}, &struct{ S config.Secret }{s}, s}
	var out bytes.Buffer
	for _, v := range []any{s, &s, h, &h, []any{h, &h}, fmt.Errorf("wrapped: %v", s)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%!", "%5.1s"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
		if b, err := yaml.Marshal(v); err == nil {
			out.Write(b)
		}
	}
	for _, log := range []*slog.Logger{slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))} {
		log.Info("secrets", "s", s, "p", &s, "h", h, "g", slog.GroupValue(slog.Any("s", s)))
	}
	for _, part := range []string{"hun\"", "ter\n2", `hun\"`, fmt.Sprintf("%x", "ter"), fmt.Sprintf("%X", "ter"), "104 117 110"} {
		if strings.Contains(out.String(), part) {
			t.Errorf("%q was printed", part)
		}
	}
	if n := strings.Count(out.String(), "<secret>"); n < 50 {
		t.Errorf("only %d marks where secrets are", n)
	}
}

func TestSecretItself(t *testing.T) {
	s := config.NewSecret("hunter2")
	if s.Reveal() != "hunter2" || s.Empty() {
		t.Error("it does not give its text")
	}
	for name, empty := range map[string]config.Secret{"zero": {}, "empty": config.NewSecret("")} {
		if empty.Reveal() != "" || !empty.Empty() || empty.String() != "" {
			t.Errorf("%s: %q %q", name, empty.Reveal(), empty)
		}
	}
}
