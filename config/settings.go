package config

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sethvargo/go-envconfig"

	"github.com/haldane-dev/haldane/analysis"
)

// Settings are the settings of the process. They come from the environment, so
// that the config file is the same everywhere.
type Settings struct {
	Config       string     // HALDANE_CONFIG: the config file
	Listen       string     // HALDANE_LISTEN: host:port
	Pprof        string     // HALDANE_PPROF: host:port of this machine for Go's profiles; "" for none
	Database     Secret     // HALDANE_DATABASE: sqlite:path, sqlite::memory: or postgres://..., which may hold a password
	Actions      Actions    // HALDANE_ACTIONS
	ExternalURL  string     // HALDANE_EXTERNAL_URL: address under which people reach the daemon, without a slash at the end; "" when not set
	LogLevel     slog.Level // HALDANE_LOG_LEVEL
	LogFormat    string     // HALDANE_LOG_FORMAT: text or json
	AllowedHosts []string   // HALDANE_ALLOWED_HOSTS: further names by which the daemon may be called
	MetricsAuth  bool       // HALDANE_METRICS_AUTH: /metrics needs a token too
	RateLimit    int        // HALDANE_RATE_LIMIT: requests a second of one client; 0: no limit
	TLS          TLS
}

// Actions is the global switch for what Haldane does.
type Actions string

// Its positions.
const (
	ActionsOn     Actions = "on"
	ActionsDryRun Actions = "dry-run" // decides and tells, changes nothing in the world
	ActionsOff    Actions = "off"     // decides only
)

// settingsText are the settings as texts: what is wrong with them is found all at
// once, and said in our words.
type settingsText struct {
	Config       string   `env:"HALDANE_CONFIG, default=haldane.yaml"`
	Listen       string   `env:"HALDANE_LISTEN, default=127.0.0.1:8080"`
	Pprof        string   `env:"HALDANE_PPROF"`
	Database     string   `env:"HALDANE_DATABASE, default=sqlite:haldane.db"`
	Actions      string   `env:"HALDANE_ACTIONS, default=on"`
	ExternalURL  string   `env:"HALDANE_EXTERNAL_URL"`
	LogLevel     string   `env:"HALDANE_LOG_LEVEL, default=info"`
	LogFormat    string   `env:"HALDANE_LOG_FORMAT, default=text"`
	AllowedHosts []string `env:"HALDANE_ALLOWED_HOSTS"`
	MetricsAuth  string   `env:"HALDANE_METRICS_AUTH, default=false"`
	RateLimit    string   `env:"HALDANE_RATE_LIMIT, default=500"`
	TLS          tlsText
}

// ReadSettings reads the settings from the environment. An empty variable counts
// as one that is not set. The error names every variable that is wrong.
func ReadSettings(ctx context.Context, env envconfig.Lookuper) (Settings, error) {
	var text settingsText
	filled := envconfig.LookuperFunc(func(key string) (string, bool) {
		v, ok := env.Lookup(key)
		return v, ok && v != ""
	})
	if err := envconfig.ProcessWith(ctx, &envconfig.Config{Target: &text, Lookuper: filled}); err != nil {
		return Settings{}, analysis.Errorf(analysis.Invalid, "settings: cannot be read").Because(err)
	}
	r := &settingsReader{}
	s := Settings{
		Config:       text.Config,
		Listen:       r.listen(text.Listen),
		Pprof:        r.pprof(text.Pprof),
		Database:     r.database(text.Database),
		Actions:      Actions(r.word("HALDANE_ACTIONS", text.Actions, string(ActionsOn), string(ActionsDryRun), string(ActionsOff))),
		ExternalURL:  r.external(text.ExternalURL),
		LogFormat:    r.word("HALDANE_LOG_FORMAT", text.LogFormat, "text", "json"),
		AllowedHosts: r.hosts(text.AllowedHosts),
		MetricsAuth:  r.word("HALDANE_METRICS_AUTH", text.MetricsAuth, "true", "false") == "true",
	}
	s.RateLimit = r.count("HALDANE_RATE_LIMIT", text.RateLimit)
	s.TLS = r.tls(text.TLS)
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	s.LogLevel = levels[r.word("HALDANE_LOG_LEVEL", text.LogLevel, "debug", "info", "warn", "error")]
	if len(r.wrong) > 0 {
		return Settings{}, analysis.Errorf(analysis.Invalid, "%s", strings.Join(r.wrong, "\n"))
	}
	return s, nil
}

// Loopback reports whether only this machine can reach the daemon.
func (s Settings) Loopback() bool { return loopback(s.Listen) }

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

// settingsReader collects what is wrong.
type settingsReader struct{ wrong []string }

// say notes what is wrong with a variable. Hints are examples.
func (r *settingsReader) say(name, hint, format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Sprintf("%s: %s (try: %s)", name, fmt.Sprintf(format, args...), hint))
}

func (r *settingsReader) word(name, value string, allowed ...string) string {
	if word := strings.ToLower(strings.TrimSpace(value)); slices.Contains(allowed, word) {
		return word
	}
	r.say(name, meant(value, allowed), "%q is not one of %s", value, strings.Join(allowed, ", "))
	return ""
}

func (r *settingsReader) count(name, value string) int {
	n, err := strconv.Atoi(strings.TrimSpace(value))
	if err != nil || n < 0 || n > 1_000_000 {
		r.say(name, "500, or 0 for no limit", "%q is not a number from 0 to 1000000", value)
	}
	return n
}

func (r *settingsReader) listen(value string) string {
	r.address("HALDANE_LISTEN", "127.0.0.1:8080", value)
	return value
}

// address checks a host with a port, and reports whether it is one.
func (r *settingsReader) address(name, hint, value string) bool {
	_, port, err := net.SplitHostPort(value)
	if err != nil {
		r.say(name, hint, "%q is not a host with a port", value)
		return false
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 0 || n > 65535 {
		r.say(name, hint, "port %q is not a number from 0 to 65535", port)
		return false
	}
	return true
}

// pprof refuses what others can reach: profiles need no token, and show what the
// process has in memory.
func (r *settingsReader) pprof(value string) string {
	const name, hint = "HALDANE_PPROF", "127.0.0.1:6060"
	if value != "" && r.address(name, hint, value) && !loopback(value) {
		r.say(name, hint, "%q can be reached from other machines", value)
	}
	return value
}

// database checks the URL of the database. Its text is never quoted: it may hold a
// password.
func (r *settingsReader) database(value string) Secret {
	const name, hint = "HALDANE_DATABASE", "sqlite:haldane.db, sqlite::memory: or postgres://user:password@host/name"
	scheme, rest, _ := strings.Cut(value, ":")
	switch scheme {
	case "sqlite":
		if rest == "" {
			r.say(name, hint, "sqlite needs a file")
		} else if strings.HasPrefix(rest, "//") {
			r.say(name, "sqlite:/var/lib/haldane/haldane.db", "sqlite takes a path, not an address")
		}
	case "postgres", "postgresql":
		if u, err := url.Parse(value); err != nil || u.Host == "" && u.Query().Get("host") == "" {
			r.say(name, hint, "not an address of a PostgreSQL database; special characters of a password must be percent-encoded")
		}
	default:
		r.say(name, hint, "not a database that Haldane knows")
	}
	return NewSecret(value)
}

func (r *settingsReader) external(value string) string {
	u, err := url.Parse(value)
	if value != "" && (!webURL(value) || err != nil || u.RawQuery != "" || u.Fragment != "") {
		r.say("HALDANE_EXTERNAL_URL", "https://haldane.example.com", "not an http or https address of a daemon")
	}
	return strings.TrimRight(value, "/")
}

func (r *settingsReader) hosts(values []string) []string {
	var out []string
	for _, v := range values {
		v = strings.ToLower(strings.TrimSpace(v))
		if v == "" || strings.ContainsAny(v, "/ *@") {
			r.say("HALDANE_ALLOWED_HOSTS", "haldane.example.com,haldane.internal", "%q is not a host name", v)
			continue
		}
		out = append(out, v)
	}
	return out
}

// Misspelt returns a warning for each variable of an environment ("NAME=value")
// that is nearly, but not quite, one of Haldane's: HALDANE_ACTION=off would
// otherwise leave the actions on and say nothing. Other programs' variables may
// begin with HALDANE_, such as those that Kubernetes makes of a service's name.
func Misspelt(environ []string) []string {
	known := []string{
		"HALDANE_CONFIG", "HALDANE_LISTEN", "HALDANE_PPROF", "HALDANE_DATABASE", "HALDANE_ACTIONS", "HALDANE_EXTERNAL_URL",
		"HALDANE_LOG_LEVEL", "HALDANE_LOG_FORMAT", "HALDANE_ALLOWED_HOSTS", "HALDANE_METRICS_AUTH", "HALDANE_RATE_LIMIT",
		"HALDANE_TLS_CERT", "HALDANE_TLS_KEY", "HALDANE_TLS_CLIENT_CA", "HALDANE_TLS_CLIENT_AUTH",
		"HALDANE_URL", "HALDANE_TOKEN", "HALDANE_CA", "HALDANE_CLIENT_CERT", "HALDANE_CLIENT_KEY", // of the client commands
	}
	var out []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if slices.Contains(known, name) {
			continue
		}
		for _, k := range known {
			if len(k) > len("HALDANE_CA") && distance(name, k) <= 2 { // what is shorter resembles too much
				out = append(out, fmt.Sprintf("environment variable %s: not known (try: %s)", name, k))
				break
			}
		}
	}
	slices.Sort(out)
	return out
}
