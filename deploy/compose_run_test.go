package deploy

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

// stack is compose.yaml at work, without Docker: its images, built and run from
// their Dockerfiles, and this machine's Prometheus. What compose would do with
// names is done in the files: every service has a port of this machine. Time runs
// ten times as fast.
type stack struct {
	project   *types.Project
	addresses map[string]string // "shop:8081" -> "127.0.0.1:40001"
}

func newStack(t *testing.T) *stack {
	t.Helper()
	s := &stack{project: loadCompose(t, nil), addresses: map[string]string{}}
	for _, name := range []string{"shop:8081", "prometheus:9090", "haldane:8080"} {
		s.addresses[name] = freeAddress(t)
	}
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

var times = regexp.MustCompile(`(?m)^( *(?:- )?(?:delay|every|step|duration|min_duration|scrape_interval|scrape_timeout|evaluation_interval): )(\d+)([sm])\b`)

// file is a file beside compose.yaml with the stack's addresses and times.
func (s *stack) file(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := times.ReplaceAllStringFunc(string(b), func(line string) string {
		m := times.FindStringSubmatch(line)
		n, _ := strconv.Atoi(m[2])
		return fmt.Sprintf("%s%dms", m[1], n*map[string]int{"s": 100, "m": 6000}[m[3]])
	})
	for name, address := range s.addresses {
		text = strings.ReplaceAll(text, name, address)
	}
	if text == string(b) {
		t.Fatalf("%s names no service and no time", name)
	}
	return text
}

// service makes a container of a service that is built.
func (s *stack) service(t *testing.T, name string, img *image) *container {
	t.Helper()
	c := newContainer(t, img)
	for key := range s.project.Services[name].Environment {
		c.env[key] = variable(s.project.Services[name], key)
	}
	return c
}

func (s *stack) shop(t *testing.T) *process {
	t.Helper()
	args := append([]string{"--requests", "30000"}, s.project.Services["shop"].Command...)
	for i := range args {
		if args[i] == ":8081" {
			args[i] = s.addresses["shop:8081"]
		}
	}
	p := s.service(t, "shop", built(t, shopImage)).start(t, args...)
	p.says(t, `metrics at http://`+regexp.QuoteMeta(s.addresses["shop:8081"]))
	return p
}

func (s *stack) prometheus(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, v := range s.project.Services["prometheus"].Volumes {
		content := s.fileOrSame(t, v.Source)
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(v.Target)), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start(t, exec.Command(program(t, "prometheus", "prometheus"), "--config.file="+dir+"/prometheus.yml",
		"--storage.tsdb.path="+dir+"/data", "--web.listen-address="+s.addresses["prometheus:9090"]))
	url := "http://" + s.addresses["prometheus:9090"]
	until(t, "Prometheus is ready", func() bool {
		status, _ := call(t, "GET", url+"/-/ready", "", "")
		return status == 200
	})
	return url
}

// fileOrSame leaves files as they are that name neither services nor times.
func (s *stack) fileOrSame(t *testing.T, name string) string {
	t.Helper()
	if filepath.Base(name) == "prometheus.yml" {
		return s.file(t, name)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (s *stack) daemon(t *testing.T) *process {
	t.Helper()
	c := s.service(t, "haldane", built(t, daemonImage))
	for _, v := range s.project.Services["haldane"].Volumes {
		if v.Type == types.VolumeTypeBind {
			c.put(t, v.Target+"/haldane.yaml", s.file(t, v.Source+"/haldane.yaml"))
		}
	}
	c.env["HALDANE_LISTEN"] = s.addresses["haldane:8080"]
	p := c.start(t, s.project.Services["haldane"].Command...)
	p.daemon(t)
	return p
}

// release runs the job of that name to its end.
func (s *stack) release(t *testing.T) (status int, said string) {
	t.Helper()
	c := s.service(t, "release", built(t, daemonImage))
	c.env["HALDANE_URL"] = "http://" + s.addresses["haldane:8080"]
	p := c.start(t, s.project.Services["release"].Command...)
	return p.status(t), p.log.String()
}

func TestComposeRollsABadReleaseBack(t *testing.T) {
	s := newStack(t)
	shop, prometheus, daemon := s.shop(t), s.prometheus(t), s.daemon(t)

	status, said := s.release(t)
	if status != 1 || !strings.Contains(said, "errors") {
		t.Fatalf("exit status %d: %s", status, said)
	}
	shop.says(t, `people are told: run\.started: `)
	shop.says(t, `deploy tool: rolled shop back from 1\.5\.0 to 1\.4\.2: errors `)
	shop.says(t, `people are told: run\.failed: `)
	if _, metrics := call(t, "GET", "http://"+s.addresses["shop:8081"]+"/metrics", "", ""); strings.Contains(metrics, `version="1.5.0"`) {
		t.Error("the bad version still serves")
	}

	watches(t, prometheus)
	if code := daemon.stop(t); code != 0 {
		t.Errorf("the daemon ended with status %d", code)
	}
}

// watches checks that Prometheus scrapes everybody and knows the alerts.
func watches(t *testing.T, prometheus string) {
	t.Helper()
	until(t, "Prometheus has scraped a rollback of the daemon", func() bool {
		_, body := call(t, "GET", prometheus+`/api/v1/query?query=haldane_rollbacks_total{state="accepted"}`, "", "")
		return strings.Contains(body, `"plan":"shop"`)
	})
	_, body := call(t, "GET", prometheus+"/api/v1/query?query=up", "", "")
	for _, job := range []string{"shop", "haldane"} {
		if !strings.Contains(body, `"job":"`+job+`"`) || strings.Contains(body, `"0"`) {
			t.Errorf("%s is not scraped: %s", job, body)
		}
	}
	var rules struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	_, body = call(t, "GET", prometheus+"/api/v1/rules", "", "")
	if err := json.Unmarshal([]byte(body), &rules); err != nil || len(rules.Data.Groups) != 1 {
		t.Fatalf("%v: %s", err, body)
	}
	for _, r := range rules.Data.Groups[0].Rules {
		if r.Health != "ok" {
			t.Errorf("alert %s: %s %s", r.Name, r.Health, r.LastError)
		}
	}
}
