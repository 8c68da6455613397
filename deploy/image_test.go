package deploy

import (
	"bytes"
	"crypto/x509"
	"debug/buildinfo"
	"debug/elf"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// scratch is a folder for what all tests share.
var scratch = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "haldane-deploy") })

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := scratch(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

const imageVersion = "9.8.7"

var (
	daemonImage = sync.OnceValues(func() (*image, error) { return sharedImage("Dockerfile") })
	shopImage   = sync.OnceValues(func() (*image, error) { return sharedImage("deploy/compose/shop.Dockerfile") })
)

func sharedImage(dockerfile string) (*image, error) {
	dir, err := scratch()
	if err != nil {
		return nil, err
	}
	if dir, err = os.MkdirTemp(dir, "image"); err != nil {
		return nil, err
	}
	return buildImage("..", dockerfile, dir, map[string]string{"VERSION": imageVersion})
}

// built builds an image at its first use.
func built(t *testing.T, build func() (*image, error)) *image {
	t.Helper()
	onLinux(t)
	img, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestBothImagesHoldOneProgramAndNothingToGetInWith(t *testing.T) {
	for name, c := range map[string]struct {
		build func() (*image, error)
		files []string
	}{
		"daemon": {daemonImage, []string{"etc/group", "etc/passwd", "etc/ssl/certs/ca-certificates.crt", "haldane"}},
		"shop":   {shopImage, []string{"shop"}},
	} {
		t.Run(name, func(t *testing.T) {
			img := built(t, c.build)
			var files []string
			err := filepath.WalkDir(img.root, func(p string, d fs.DirEntry, err error) error {
				if err == nil && !d.IsDir() {
					files = append(files, strings.TrimPrefix(p, img.root+"/"))
				}
				return err
			})
			if err != nil || !slices.Equal(files, c.files) {
				t.Errorf("%v: the image holds %v, want %v", err, files, c.files)
			}
			if img.base != "scratch" || img.user != "65532:65532" {
				t.Errorf("from %q, user %q: want scratch and a number that is not root's", img.base, img.user)
			}
			if len(img.warnings) > 0 {
				t.Errorf("the Dockerfile could be better: %s", strings.Join(img.warnings, "\n"))
			}
			isStatic(t, img.root+img.entrypoint[0])
		})
	}
}

// isStatic checks that a program needs nothing but a kernel.
func isStatic(t *testing.T, path string) {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("%s is linked dynamically", path)
		}
	}
	if f.Section(".symtab") != nil || f.Section(".debug_info") != nil {
		t.Errorf("%s is not stripped", path)
	}
}

func TestImageRunsAsItIs(t *testing.T) {
	img := built(t, daemonImage)
	if !slices.Equal(img.entrypoint, []string{"/haldane"}) || !slices.Equal(img.cmd, []string{"serve"}) ||
		!slices.Equal(img.ports, []string{"8080"}) || !slices.Equal(img.volumes, []string{"/data"}) || img.workdir != "/data" {
		t.Errorf("%+v", img)
	}
	if want := map[string]string{
		"HALDANE_CONFIG": "/etc/haldane/haldane.yaml", "HALDANE_DATABASE": "sqlite:/data/haldane.db", "HALDANE_LISTEN": ":8080",
	}; !mapsEqual(img.env, want) {
		t.Errorf("its environment is %v, want %v", img.env, want)
	}
	for _, label := range []string{"title", "description", "source", "licenses", "version"} {
		if img.labels["org.opencontainers.image."+label] == "" {
			t.Errorf("no label for %s: %v", label, img.labels)
		}
	}
	if v := img.labels["org.opencontainers.image.version"]; v != imageVersion {
		t.Errorf("labelled as version %q", v)
	}
	passwd, err := os.ReadFile(img.root + "/etc/passwd")
	if err != nil || string(passwd) != "haldane:x:65532:65532:Haldane:/data:/sbin/nologin\n" {
		t.Errorf("%v %q", err, passwd)
	}
	info, err := os.Stat(img.root + "/data")
	if err != nil {
		t.Fatal(err)
	}
	if st := info.Sys().(*syscall.Stat_t); os.Getuid() == 0 && (st.Uid != 65532 || st.Gid != 65532) {
		t.Errorf("/data belongs to %d:%d", st.Uid, st.Gid)
	}
}

func mapsEqual(a, b map[string]string) bool {
	x, y := environ(a), environ(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

func TestImageTrustsTheWorldsCertificates(t *testing.T) {
	rest, err := os.ReadFile(built(t, daemonImage).root + "/etc/ssl/certs/ca-certificates.crt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for block, rest := pem.Decode(rest); block != nil; block, rest = pem.Decode(rest) {
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			t.Error(err)
		}
		n++
	}
	if n < 50 {
		t.Errorf("%d certificates only", n)
	}
}

func TestImageHoldsTheMainModuleOnly(t *testing.T) {
	info, err := buildinfo.ReadFile(built(t, daemonImage).root + "/haldane")
	if err != nil {
		t.Fatal(err)
	}
	if info.Path != "github.com/haldane-dev/haldane/cmd/haldane" || info.Main.Path != "github.com/haldane-dev/haldane" {
		t.Errorf("built from %s of %s", info.Path, info.Main.Path)
	}
	for _, dep := range info.Deps {
		if strings.HasPrefix(dep.Path, info.Main.Path) || dep.Path == "github.com/prometheus/prometheus" || dep.Replace != nil {
			t.Errorf("module %s is in the daemon", dep.Path)
		}
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if settings["-trimpath"] != "true" || settings["CGO_ENABLED"] != "0" || settings["GOOS"] != "linux" {
		t.Errorf("built with %v", settings)
	}
}

// Beside the code, the licences go into the image.
func TestOnlyCodeReachesTheBuild(t *testing.T) {
	files, err := contextFiles("..")
	if err != nil || len(files) < 100 {
		t.Fatalf("%v: %d files", err, len(files))
	}
	for _, f := range files {
		top, _, _ := strings.Cut(f, "/")
		if f == "LICENSE" || f == "deploy/LICENSES.txt" {
			continue
		}
		if !slices.Contains([]string{"go.mod", "go.sum", "actions", "analysis", "cmd", "config", "sources"}, top) ||
			strings.HasSuffix(f, "_test.go") || strings.Contains(f, "/testdata/") {
			t.Errorf("%s is sent to the build", f)
		}
	}
}

func TestDockerfileThatCannotWorkIsSeen(t *testing.T) {
	for name, c := range map[string]struct{ dockerfile, want string }{
		"a shell in scratch":   {"FROM scratch\nRUN echo\n", "no shell in scratch"},
		"a command that fails": {"FROM golang:1 AS build\nRUN exit 3\n", "exit status 3"},
		"an unknown stage":     {"FROM scratch\nCOPY --from=nobody /a /a\n", `no stage "nobody"`},
		"a missing file":       {"FROM golang:1 AS build\nFROM scratch\nCOPY --from=build /no/such /a\n", "/no/such: no such file"},
		"an owner by name":     {"FROM golang:1 AS build\nRUN touch a\nFROM scratch\nCOPY --from=build --chown=haldane /a /a\n", "only numbers exist in scratch"},
		"an instruction":       {"FROM scratch\nSTOPSIGNAL SIGTERM\n", "does not know"},
		"nonsense":             {"FROM scratch\nCOPPY a b\n", "unknown instruction"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(c.dockerfile), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := buildImage(dir, "Dockerfile", t.TempDir(), nil)
			if err == nil || !bytes.Contains([]byte(err.Error()), []byte(c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
