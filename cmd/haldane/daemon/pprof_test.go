package daemon_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"testing"

	"github.com/haldane-dev/haldane/config"
)

func TestProfilesAreServedBesideTheAPI(t *testing.T) {
	w, _ := newWorld(t, "", func(s *config.Settings) { s.Pprof = "127.0.0.1:0" })
	found := regexp.MustCompile(`profiles are served" listen=(\S+)`).FindStringSubmatch(w.log.String())
	if found == nil {
		t.Fatal("the log does not say where the profiles are")
	}
	address := "http://" + found[1]
	for path, begins := range map[string]string{"heap": "\x1f\x8b", "goroutine": "\x1f\x8b", "cmdline": "", "": "<html>"} {
		status, body := profile(t, address+"/debug/pprof/"+path)
		if status != http.StatusOK || !bytes.HasPrefix(body, []byte(begins)) {
			t.Errorf("%s: %d %.50q", path, status, body)
		}
	}
	if status, _ := profile(t, w.d.URL()+"/debug/pprof/heap"); status != http.StatusNotFound {
		t.Errorf("the API's address serves profiles: %d", status)
	}
	w.stop()
	if resp, err := http.Get(address); err == nil {
		_ = resp.Body.Close()
		t.Error("profiles are served by a daemon that has stopped")
	}
}

func profile(t *testing.T, url string) (int, []byte) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, b
}
