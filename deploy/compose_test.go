package deploy

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
)

// loadCompose loads compose.yaml as docker compose does: a key that it does not
// know is an error.
func loadCompose(t *testing.T, env map[string]string) *types.Project {
	t.Helper()
	b, err := os.ReadFile("compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := parseCompose(t, string(b), env)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func parseCompose(t *testing.T, text string, env map[string]string) (*types.Project, error) {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir: here, Environment: env,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(here, "compose.yaml"), Content: []byte(text)}},
	}, loader.WithProfiles([]string{"*"}))
}

// variable is what a service is given in its environment.
func variable(s types.ServiceConfig, name string) string {
	if v := s.Environment[name]; v != nil {
		return *v
	}
	return ""
}

func TestComposeRefusesWhatItDoesNotKnow(t *testing.T) {
	if _, err := parseCompose(t, "services: {a: {image: a, port: [1]}}", nil); err == nil {
		t.Error("a misspelt key was taken")
	}
}

func TestComposeStandsOnItsOwn(t *testing.T) {
	p := loadCompose(t, nil)
	if names := p.ServiceNames(); !slices.Equal(names, []string{"haldane", "prometheus", "release", "shop"}) {
		t.Errorf("services %v", names)
	}
	for name, s := range p.Services {
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s can be reached from other machines", name, port.Published)
			}
		}
		for _, v := range s.Volumes {
			if v.Type != types.VolumeTypeBind {
				continue
			}
			if _, err := os.Stat(v.Source); err != nil || !v.ReadOnly {
				t.Errorf("%s mounts %s: read-only %v, %v", name, v.Source, v.ReadOnly, err)
			}
		}
		if s.Build == nil {
			if image, tag, ok := strings.Cut(s.Image, ":"); !ok || tag == "latest" {
				t.Errorf("%s: image %s has no version", name, image)
			}
			continue
		}
		if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
			t.Errorf("%s is built from a file that is not there: %v", name, err)
		}
	}
	if profiles := p.Services["release"].Profiles; !slices.Equal(profiles, []string{"release"}) {
		t.Errorf("release, a job, starts with the services: its profiles are %v", profiles)
	}
}

func TestComposeSecretsFitTogether(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"as it is":    nil,
		"with others": {"CI_TOKEN": "other", "CI_TOKEN_SHA256": hash("other"), "HOOK_SECRET": "whsec_b3RoZXI="},
	} {
		t.Run(name, func(t *testing.T) {
			p := loadCompose(t, env)
			daemon, shop, release := p.Services["haldane"], p.Services["shop"], p.Services["release"]
			if hash(variable(release, "HALDANE_TOKEN")) != variable(daemon, "CI_TOKEN_SHA256") {
				t.Error("the daemon does not know the token that a release has")
			}
			if s := variable(daemon, "HOOK_SECRET"); s == "" || s != variable(shop, "HOOK_SECRET") {
				t.Error("the shop does not know the daemon's signature")
			}
			if env != nil && (variable(release, "HALDANE_TOKEN") != "other" || variable(shop, "HOOK_SECRET") != env["HOOK_SECRET"]) {
				t.Error("secrets of one's own are not used")
			}
		})
	}
}

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func TestComposeDaemonMayWriteItsVolumeOnly(t *testing.T) {
	s := loadCompose(t, nil).Services["haldane"]
	if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
		t.Errorf("read-only %v, drops %v, %v", s.ReadOnly, s.CapDrop, s.SecurityOpt)
	}
	for _, v := range s.Volumes {
		if !v.ReadOnly && v.Target != "/data" {
			t.Errorf("it may write to %s", v.Target)
		}
	}
}
