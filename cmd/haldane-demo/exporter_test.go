package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func TestShopAloneRefusesWhatMakesNoSense(t *testing.T) {
	for args, want := range map[string]string{
		"--canary-errors 1.5":  "1.5 is not a share",
		"--stable-errors -0.1": "-0.1 is not a share",
		"--stable-errors NaN":  "NaN is not a share",
		"--requests -1":        "-1 is not a number",
		"--requests NaN":       "NaN is not a number",
		"--canary 1.4.2":       "the same version, 1.4.2",
	} {
		t.Run(args, func(t *testing.T) {
			var out, errs bytes.Buffer
			code := run(t.Context(), append([]string{"--shop", "127.0.0.1:0"}, strings.Fields(args)...), &out, &errs)
			if code != 1 || !strings.Contains(errs.String(), want) {
				t.Errorf("exit status %d: %s", code, errs.String())
			}
		})
	}
}

func TestShopAloneRefusesASecretThatIsNone(t *testing.T) {
	t.Setenv("HOOK_SECRET", "whsec_%%%")
	var errs bytes.Buffer
	if code := run(t.Context(), []string{"--shop", "127.0.0.1:0"}, io.Discard, &errs); code != 1 || !strings.Contains(errs.String(), "HOOK_SECRET") {
		t.Errorf("exit status %d: %s", code, errs.String())
	}
}

func TestShopAloneServesItsMetricsUntilItIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"--shop", "127.0.0.1:0", "--canary-errors", "1", "--requests", "60000"}, w, io.Discard)
		_ = w.Close()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSpace(line[strings.Index(line, "http://"):])
	deadline := time.Now().Add(time.Minute)
	for got := ""; !strings.Contains(got, `version="1.5.0"`) || strings.Contains(got, `code="500",version="1.5.0"} 0`); {
		if got = scrape(t, url); time.Now().After(deadline) {
			t.Fatalf("nobody came:\n%s", got)
		}
		if failed := `http_requests_total{app="shop",code="200",version="1.5.0"} 0`; !strings.Contains(got, failed) {
			t.Fatalf("want only failing requests of 1.5.0, as %s:\n%s", failed, got)
		}
	}
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("exit status %d", code)
	}
}

func scrape(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v\n%s", resp.Status, err, b)
	}
	return string(b)
}

func TestExporterIsWhatPrometheusExpects(t *testing.T) {
	s := twoVersions()
	s.customers(time.Now(), 1)
	problems, err := testutil.CollectAndLint(newExporter(s))
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %+v", err, problems)
	}
	// 2 versions, each with a counter for 2 codes and a histogram.
	if n := testutil.CollectAndCount(newExporter(s)); n != 6 {
		t.Errorf("%d metrics", n)
	}
}

func twoVersions() *shop {
	s := newShop(time.Minute, 1)
	fine := func(time.Duration) float64 { return 0 }
	s.deploy("1.4.2", 100, 0.05, fine)
	s.deploy("1.5.0", 100, 0.05, fine)
	return s
}

func TestShopAloneReceivesWebhooks(t *testing.T) {
	secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte("the secret of a test, 32 bytes.."))
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	rollback := `{"type":"run.failed","data":{"run":{"service":"shop"},"rollback":{"from":"1.5.0","to":"1.4.2"},"reason":"errors"}}`
	for name, c := range map[string]struct {
		path, body string
		forged     bool
		status     int
		printed    string
		serving    int // versions afterwards
	}{
		"a rollback":        {"/rollback", rollback, false, 200, "deploy tool: rolled shop back from 1.5.0 to 1.4.2: errors\n", 1},
		"a forged rollback": {"/rollback", rollback, true, 401, "", 2},
		"a message":         {"/told", rollback, false, 200, "people are told: run.failed: errors\n", 2},
		"a forged message":  {"/told", rollback, true, 401, "", 2},
		"no JSON":           {"/told", "hello", false, 400, "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			s, out := twoVersions(), &bytes.Buffer{}
			h, err := exportHandler(s, secret, out)
			if err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			signature, err := verifier.Sign("dlv_1", now, []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if c.forged {
				signature = "v1," + base64.StdEncoding.EncodeToString([]byte("somebody else"))
			}
			r := httptest.NewRequest(http.MethodPost, c.path, strings.NewReader(c.body))
			r.Header.Set("webhook-id", "dlv_1")
			r.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
			r.Header.Set("webhook-signature", signature)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.status || out.String() != c.printed || len(s.versions) != c.serving {
				t.Errorf("%d %s, printed %q, %d versions serve", w.Code, w.Body, out.String(), len(s.versions))
			}
		})
	}
}

func TestShopAloneWithoutASecretReceivesNothing(t *testing.T) {
	h, err := exportHandler(twoVersions(), "", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/rollback", "/told"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader("{}")))
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
