package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	if os.Getenv(asDaemon) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"haldane": main})
}

// TestScripts runs testdata/script: the real program, its exit status included.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			prom := httptest.NewServer(http.HandlerFunc(fivePerCent))
			env.Defer(prom.Close)
			env.Setenv("PROM", prom.URL)
			tool := newDrillTool()
			env.Defer(tool.Close)
			env.Setenv("TOOL", tool.URL)
			env.Values[drillToolKey] = tool
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			env.Setenv("HALDANE_LISTEN", l.Addr().String())
			env.Setenv("HALDANE_URL", "http://"+l.Addr().String())
			return l.Close()
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"status": status,
			"ready":  ready,
			"sent":   sent,
		},
	})
}

// status runs a program and wants an exit status: status 2 haldane run ...
func status(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if (got == want) == neg {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// ready waits until the daemon at HALDANE_URL says that it is.
func ready(ts *testscript.TestScript, _ bool, _ []string) {
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		resp, err := http.Get(ts.Getenv("HALDANE_URL") + "/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		<-time.After(20 * time.Millisecond)
	}
	ts.Fatalf("the daemon is not ready")
}

// fivePerCent is a Prometheus in which versions that begin with 9 have 90 % errors
// and all others 5 %; asked for "broken", it has a bad day.
func fivePerCent(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	query := r.Form.Get("query")
	value := "0.05"
	switch {
	case strings.Contains(query, "broken"):
		http.Error(w, "<html>bad day</html>", http.StatusInternalServerError)
		return
	case strings.Contains(query, `version="9`):
		value = "0.9"
	case query == "vector(1)":
		value = "1"
	}
	if r.Form.Get("start") == "" {
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[%d,"%s"]}]}}`, time.Now().Unix(), value)
		return
	}
	start, _ := strconv.ParseFloat(r.Form.Get("start"), 64)
	end, _ := strconv.ParseFloat(r.Form.Get("end"), 64)
	step, _ := strconv.ParseFloat(r.Form.Get("step"), 64)
	var points []string
	for t := start; t <= end+step/1000; t += step {
		points = append(points, fmt.Sprintf(`[%.3f,"%s"]`, t, value))
	}
	fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[%s]}]}}`, strings.Join(points, ","))
}
