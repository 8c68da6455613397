package deploy

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// container is an image with a root of its own, ready to run in: like Docker's, but
// on the machine's network.
type container struct {
	img  *image
	root string
	env  map[string]string
}

// newContainer makes a container. Changing the root needs root's rights; what runs
// inside does not have them.
func newContainer(t *testing.T, img *image) *container {
	t.Helper()
	require(t, os.Getuid() == 0, "only root can run a program in a root of its own")
	c := &container{img: img, root: t.TempDir(), env: maps.Clone(img.env)}
	if err := c.fill(); err != nil {
		t.Fatal(err)
	}
	return c
}

// fill links the image's files, and makes its folders anew with their owners.
func (c *container) fill() error {
	return filepath.WalkDir(c.img.root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == c.img.root {
			return err
		}
		to := c.root + strings.TrimPrefix(p, c.img.root)
		if !d.IsDir() {
			return os.Link(p, to)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if err := os.Mkdir(to, info.Mode().Perm()); err != nil {
			return err
		}
		st := info.Sys().(*syscall.Stat_t)
		return os.Chown(to, int(st.Uid), int(st.Gid))
	})
}

// put puts a file into the container, as a read-only mount would.
func (c *container) put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(c.root+filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.root+path, []byte(content), 0o444); err != nil {
		t.Fatal(err)
	}
}

// start runs the image's program, with arguments instead of those of CMD if any
// are given. It has no rights, may write where the image's user may, and its
// environment holds nothing of this machine.
func (c *container) start(t *testing.T, args ...string) *process {
	t.Helper()
	uid, gid, err := ids(c.img.user)
	if err != nil {
		t.Fatal(err)
	}
	if len(args) == 0 {
		args = c.img.cmd
	}
	return start(t, &exec.Cmd{
		Path: c.img.entrypoint[0], Args: append(append([]string{}, c.img.entrypoint...), args...),
		Env: environ(c.env), Dir: c.img.workdir,
		SysProcAttr: &syscall.SysProcAttr{Chroot: c.root, Credential: &syscall.Credential{Uid: uid, Gid: gid}},
	})
}

// withUser is an image that another user runs.
func withUser(img *image, uid, gid int64) *image {
	other := *img
	other.user = fmt.Sprintf("%d:%d", uid, gid)
	return &other
}

func ids(user string) (uid, gid uint32, err error) {
	u, g, ok := strings.Cut(user, ":")
	a, err := strconv.ParseUint(u, 10, 32)
	if err != nil || !ok {
		return 0, 0, fmt.Errorf("user %q is not uid:gid", user)
	}
	b, err := strconv.ParseUint(g, 10, 32)
	return uint32(a), uint32(b), err
}

// smallConfig has a token, "let me in", and a plan without actions.
const smallConfig = `
tokens:
  - {name: test, role: admin, sha256: "992db5e2595725ef68eb5066e014da8c7f6baca0afa96f1021b56b66782133f2"}
sources:
  prom: {type: prometheus, url: "http://127.0.0.1:1"}
plans:
  - name: shop
    judge: threshold
    baseline: none
    metrics: [{name: up, source: prom, query: 'up{version="{{.Version}}"}', threshold: {min: 1}}]
`

const smallToken = "let me in"

func TestImageServes(t *testing.T) {
	c := newContainer(t, built(t, daemonImage))
	c.put(t, "/etc/haldane/haldane.yaml", smallConfig)
	c.env["HALDANE_LISTEN"] = ":0"
	p := c.start(t)
	url := p.daemon(t)
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/api/v1/plans": 401} {
		if status, body := call(t, "GET", url+path, "", ""); status != want {
			t.Errorf("GET %s: %d %s", path, status, body)
		}
	}
	if status, body := call(t, "GET", url+"/api/v1/plans", smallToken, ""); status != 200 || !strings.Contains(body, `"shop"`) {
		t.Errorf("with the token: %d %s", status, body)
	}
	info, err := os.Stat(c.root + "/data/haldane.db")
	if err != nil {
		t.Fatal(err)
	}
	if st := info.Sys().(*syscall.Stat_t); st.Uid != 65532 || info.Mode().Perm() != 0o600 {
		t.Errorf("the database has mode %s and belongs to %d", info.Mode(), st.Uid)
	}
	if code := p.stop(t); code != 0 {
		t.Errorf("exit status %d after SIGTERM", code)
	}
}

func TestImageSaysWhatIsMissing(t *testing.T) {
	_, noTokens, _ := strings.Cut(smallConfig, "sources:")
	noTokens = "sources:" + noTokens
	for name, c := range map[string]struct {
		config string
		change func(c *container)
		want   string
	}{
		"no config":          {"", nil, "/etc/haldane/haldane.yaml"},
		"no tokens":          {noTokens, nil, "the config has no tokens"},
		"a read-only volume": {smallConfig, func(c *container) { _ = os.Chown(c.root+"/data", 0, 0) }, "haldane.db"},
	} {
		t.Run(name, func(t *testing.T) {
			box := newContainer(t, built(t, daemonImage))
			if c.config != "" {
				box.put(t, "/etc/haldane/haldane.yaml", c.config)
			}
			if c.change != nil {
				c.change(box)
			}
			p := box.start(t)
			if code := p.status(t); code == 0 || !strings.Contains(p.log.String(), c.want) {
				t.Errorf("exit status %d, and it said:\n%s", code, &p.log)
			}
		})
	}
}

func TestImageKnowsItsVersion(t *testing.T) {
	p := newContainer(t, built(t, daemonImage)).start(t, "version")
	if code := p.status(t); code != 0 || !strings.HasPrefix(p.log.String(), "haldane "+imageVersion+" go") {
		t.Errorf("exit status %d: %s", code, &p.log)
	}
}

func TestImageCannotWriteOutsideItsVolume(t *testing.T) {
	c := newContainer(t, built(t, daemonImage))
	c.put(t, "/etc/haldane/haldane.yaml", smallConfig)
	c.env["HALDANE_LISTEN"], c.env["HALDANE_DATABASE"] = ":0", "sqlite:/haldane.db"
	if code := c.start(t).status(t); code == 0 {
		t.Error("it has put its database into /")
	}
}
