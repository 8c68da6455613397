package config_test

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/sethvargo/go-envconfig"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

func settings(env map[string]string) (config.Settings, error) {
	return config.ReadSettings(context.Background(), envconfig.MapLookuper(env))
}

func TestSettingsDefaults(t *testing.T) {
	want := config.Settings{
		Config: "haldane.yaml", Listen: "127.0.0.1:8080", Database: config.NewSecret("sqlite:haldane.db"),
		Actions: config.ActionsOn, LogLevel: slog.LevelInfo, LogFormat: "text", RateLimit: 500,
	}
	for name, env := range map[string]map[string]string{
		"nothing is set": nil,
		"all is empty":   {"HALDANE_ACTIONS": "", "HALDANE_LISTEN": "", "HALDANE_METRICS_AUTH": "", "HALDANE_ALLOWED_HOSTS": "", "HALDANE_PPROF": ""},
	} {
		if got, err := settings(env); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestSettings(t *testing.T) {
	got, err := settings(map[string]string{
		"HALDANE_CONFIG": "/etc/haldane/haldane.yaml", "HALDANE_LISTEN": ":9000",
		"HALDANE_DATABASE": "postgres://haldane:p%40ss@db/haldane?sslmode=require",
		"HALDANE_ACTIONS":  "Dry-Run", "HALDANE_EXTERNAL_URL": "https://haldane.example.com/base/",
		"HALDANE_LOG_LEVEL": "debug", "HALDANE_LOG_FORMAT": "json",
		"HALDANE_ALLOWED_HOSTS": "Haldane.example.com, haldane.internal", "HALDANE_METRICS_AUTH": "true",
		"HALDANE_PPROF":      "[::1]:6060",
		"HALDANE_RATE_LIMIT": "0", "HALDANE_TLS_CERT": "/tls/tls.crt", "HALDANE_TLS_KEY": "/tls/tls.key", "HALDANE_TLS_CLIENT_CA": "/tls/ca.crt",
	})
	want := config.Settings{
		Config: "/etc/haldane/haldane.yaml", Listen: ":9000",
		Database: config.NewSecret("postgres://haldane:p%40ss@db/haldane?sslmode=require"),
		Actions:  config.ActionsDryRun, ExternalURL: "https://haldane.example.com/base",
		LogLevel: slog.LevelDebug, LogFormat: "json",
		AllowedHosts: []string{"haldane.example.com", "haldane.internal"}, MetricsAuth: true,
		Pprof: "[::1]:6060",
		TLS:   config.TLS{Cert: "/tls/tls.crt", Key: "/tls/tls.key", ClientCA: "/tls/ca.crt", RequireClient: true},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if printed := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(printed, "p%40ss") {
		t.Errorf("the password is in %s", printed)
	}
}

func TestSettingsMistakes(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"HALDANE_ACTIONS", "of", `"of" is not one of on, dry-run, off (try: off)`},
		{"HALDANE_LOG_LEVEL", "loud", `"loud" is not one of debug, info, warn, error (try: one of debug, error, info, warn)`},
		{"HALDANE_LOG_FORMAT", "xml", `"xml" is not one of text, json (try: one of json, text)`},
		{"HALDANE_METRICS_AUTH", "1", `"1" is not one of true, false (try: one of false, true)`},
		{"HALDANE_RATE_LIMIT", "many", `"many" is not a number from 0 to 1000000 (try: 500, or 0 for no limit)`},
		{"HALDANE_LISTEN", "8080", `"8080" is not a host with a port (try: 127.0.0.1:8080)`},
		{"HALDANE_LISTEN", ":http", `port "http" is not a number from 0 to 65535 (try: 127.0.0.1:8080)`},
		{"HALDANE_LISTEN", ":70000", `port "70000" is not a number from 0 to 65535 (try: 127.0.0.1:8080)`},
		{"HALDANE_PPROF", ":6060", `":6060" can be reached from other machines (try: 127.0.0.1:6060)`},
		{"HALDANE_PPROF", "10.0.0.1:6060", `"10.0.0.1:6060" can be reached from other machines (try: 127.0.0.1:6060)`},
		{"HALDANE_PPROF", "on", `"on" is not a host with a port (try: 127.0.0.1:6060)`},
		{"HALDANE_EXTERNAL_URL", "haldane.example.com", "not an http or https address of a daemon (try: https://haldane.example.com)"},
		{"HALDANE_EXTERNAL_URL", "https://u:hunter2@example.com", "not an http or https address of a daemon (try: https://haldane.example.com)"},
		{"HALDANE_EXTERNAL_URL", "https://example.com/?a=b", "not an http or https address of a daemon (try: https://haldane.example.com)"},
		{"HALDANE_ALLOWED_HOSTS", "a.example.com,https://b", `"https://b" is not a host name (try: haldane.example.com,haldane.internal)`},
		{"HALDANE_DATABASE", "mysql://u:hunter2@db/x", "not a database that Haldane knows" + databaseHint},
		{"HALDANE_DATABASE", "haldane.db", "not a database that Haldane knows" + databaseHint},
		{"HALDANE_DATABASE", "sqlite:", "sqlite needs a file" + databaseHint},
		{"HALDANE_DATABASE", "sqlite:///x.db", "sqlite takes a path, not an address (try: sqlite:/var/lib/haldane/haldane.db)"},
		{"HALDANE_DATABASE", "postgres://u:hunter2@db:port/x", "not an address of a PostgreSQL database; special characters of a password must be percent-encoded" + databaseHint},
		{"HALDANE_DATABASE", "postgres:", "not an address of a PostgreSQL database; special characters of a password must be percent-encoded" + databaseHint},
	} {
		_, err := settings(map[string]string{c.name: c.value})
		if want := c.name + ": " + c.want; err == nil || err.Error() != want || analysis.KindOf(err) != analysis.Invalid {
			t.Errorf("%s=%s:\n%v\ninstead of\n%s", c.name, c.value, err, want)
		}
	}
	_, err := settings(map[string]string{"HALDANE_ACTIONS": "of", "HALDANE_LISTEN": "x", "HALDANE_DATABASE": "hunter2"})
	if err == nil || strings.Count(err.Error(), "\n") != 2 || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("not all at once, or with the password: %v", err)
	}
}

const databaseHint = " (try: sqlite:haldane.db, sqlite::memory: or postgres://user:password@host/name)"

func TestSettingsDatabases(t *testing.T) {
	for _, url := range []string{"sqlite:x.db", "sqlite:/a/b c.db", "sqlite::memory:", "postgresql://db/x", "postgres:///x?host=/var/run/postgresql"} {
		if s, err := settings(map[string]string{"HALDANE_DATABASE": url}); err != nil || s.Database.Reveal() != url {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestLoopback(t *testing.T) {
	for listen, want := range map[string]bool{
		"127.0.0.1:80": true, "127.8.0.1:80": true, "[::1]:80": true, "localhost:0": true, "[::ffff:127.0.0.1]:1": true,
		":8080": false, "0.0.0.0:80": false, "[::]:80": false, "10.0.0.1:80": false, "example.com:80": false, "127.0.0.1": false,
	} {
		if got := (config.Settings{Listen: listen}).Loopback(); got != want {
			t.Errorf("%s: %v", listen, got)
		}
	}
}

func TestMisspelt(t *testing.T) {
	got := config.Misspelt([]string{
		"HALDANE_ACTION=off", "HALDANE_DATABSE=x", "HALDANE_ACTIONS=on", "HALDANE_TOKEN=x", "HALDANE_CI=1",
		"HALDANE_PORT=tcp://10.0.0.1:80", "HALDANE_SERVICE_HOST=10.0.0.1", "HALDANE_PORT_8080_TCP=x", "HOME=/", "=", "",
	})
	want := []string{
		"environment variable HALDANE_ACTION: not known (try: HALDANE_ACTIONS)",
		"environment variable HALDANE_DATABSE: not known (try: HALDANE_DATABASE)",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

func TestSettingsOfTLSBelongTogether(t *testing.T) {
	const cert, key, ca, auth = "HALDANE_TLS_CERT", "HALDANE_TLS_KEY", "HALDANE_TLS_CLIENT_CA", "HALDANE_TLS_CLIENT_AUTH"
	for _, c := range []struct {
		env  map[string]string
		want string // "": they are fine
	}{
		{map[string]string{cert: "c", key: "k"}, ""},
		{map[string]string{cert: "c", key: "k", ca: "a", auth: "If-Given"}, ""},
		{map[string]string{cert: "c"}, key + ": missing: " + cert + " is set (try: /etc/haldane/tls/tls.key)"},
		{map[string]string{key: "k"}, cert + ": missing: " + key + " is set (try: /etc/haldane/tls/tls.crt)"},
		{map[string]string{ca: "a"}, ca + ": clients can show a certificate over TLS only (try: set " + cert + " and " + key + " too)"},
		{map[string]string{cert: "c", key: "k", auth: "require"}, auth + ": certificates of clients need an authority (try: set " + ca + " too)"},
		{map[string]string{cert: "c", key: "k", ca: "a", auth: "no"}, auth + `: "no" is not one of require, if-given (try: one of if-given, require)`},
	} {
		s, err := settings(c.env)
		if text := fmt.Sprint(err); c.want != "" && text != c.want || c.want == "" && (err != nil || !s.TLS.On() || s.TLS.RequireClient) {
			t.Errorf("%v: %+v, %v, want %s", c.env, s.TLS, err, c.want)
		}
	}
}
