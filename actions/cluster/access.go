package cluster

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Where the kubelet puts a pod's service account.
const (
	accountToken = "/var/run/secrets/kubernetes.io/serviceaccount/token"
	accountCA    = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
)

// Access are the settings of the way to a cluster; embed it with `yaml:",inline"`.
type Access struct {
	APIServer string        `yaml:"api_server" doc:"https://host:port; default: the cluster that Haldane runs in"`
	Token     config.Secret `yaml:"token" doc:"bearer token; default: that of the pod's service account, read anew for each request"`
	TokenFile string        `yaml:"token_file" doc:"file of the token, read anew for each request; instead of token"`
	TLS       web.TLS       `yaml:"tls" doc:"of the connection; in the cluster its own ca is the default"`
}

// server returns the API server's address, or nothing outside of a cluster.
func (a Access) server() string {
	if a.APIServer != "" {
		return a.APIServer
	}
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return ""
	}
	return "https://" + net.JoinHostPort(host, port)
}

// files are the settings with what a pod is given.
func (a Access) files() (tokenFile string, files web.TLS) {
	tokenFile, files = a.TokenFile, a.TLS
	if a.APIServer != "" {
		return tokenFile, files
	}
	if tokenFile == "" && a.Token.Empty() {
		tokenFile = accountToken
	}
	if files.CA == "" {
		files.CA = accountCA
	}
	return tokenFile, files
}

// Check finds what is wrong with the settings, and reads the files of tls for Open.
func (a Access) Check(n *web.Names) *tls.Config {
	server := a.server()
	if server == "" {
		n.Add("api_server", "missing: Haldane does not run in a cluster", "https://host:6443")
		return nil
	}
	n.Base("api_server", server, "https://host:6443")
	n.Token("token", a.Token)
	if a.TokenFile != "" && !a.Token.Empty() {
		n.Add("token_file", "stands beside token", "one of the two")
	}
	_, files := a.files()
	return n.TLS(files)
}

// Open makes a client of the cluster's API. The settings have been checked.
func (a Access) Open(who string, env config.Env, timeout time.Duration, files *tls.Config) *web.Client {
	tokenFile, _ := a.files()
	return web.New(web.Options{
		Who: who, Base: a.server(), Timeout: timeout, TLS: files, Env: env, Max: 8 << 20,
		Sign: func(h http.Header) ([]string, error) {
			token := a.Token.Reveal()
			if tokenFile != "" {
				b, err := os.ReadFile(tokenFile)
				if err != nil {
					return nil, analysis.Errorf(analysis.Unavailable, "%s: file %s with its token cannot be read", who, tokenFile).Because(err)
				}
				token = strings.TrimSpace(string(b))
			}
			if token != "" {
				h.Set("Authorization", "Bearer "+token)
			}
			return []string{token}, nil
		},
	})
}

// Get reads an object of a kind.
func Get(ctx context.Context, c *web.Client, path, kind string, into any) error {
	a, err := c.Send(ctx, web.Request{Path: path})
	if err != nil {
		return err
	}
	return Read(a, kind, into)
}

// Read reads an object out of an answer. Something else in its place is not taken for
// an object with nothing in it.
func Read(a web.Answer, kind string, into any) error {
	var is struct{ Kind string }
	if err := a.JSON(&is); err != nil {
		return err
	}
	if is.Kind != kind {
		return a.Nonsense()
	}
	return a.JSON(into)
}

// Op is one operation of a JSON patch (RFC 6902).
type Op struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// JSONPatch is a request that changes an object. Whoever makes it tests in it what the
// decision was based on.
func JSONPatch(path, key string, ops ...Op) (web.Request, error) {
	body, err := json.Marshal(ops)
	if err != nil {
		return web.Request{}, analysis.Errorf(analysis.Internal, "a patch cannot be written").Because(err)
	}
	return web.Request{Method: http.MethodPatch, Path: path, Type: "application/json-patch+json", Body: body, Key: key}, nil
}

// MergePatch is a request that changes single fields (RFC 7396).
func MergePatch(path, key, body string) web.Request {
	return web.Request{Method: http.MethodPatch, Path: path, Type: "application/merge-patch+json", Body: []byte(body), Key: key}
}

// notApplied is what the API server says when a patch could not be applied, because a
// test in it failed: it does not say which. What is wrong with an object is told in
// other words, with the fields.
const notApplied = "the server rejected our request due to an error in our request"

// Moved turns the refusal of a patch into an error that is tried again, when what it
// was based on had changed meanwhile: the next attempt decides anew.
func Moved(a web.Answer, err error) error {
	if a.Status != http.StatusConflict && (a.Status != http.StatusUnprocessableEntity || !strings.Contains(string(a.Body), notApplied)) {
		return err
	}
	e := *analysis.AsError(err)
	e.Kind, e.Hint = analysis.Unavailable, ""
	e.Message += "; perhaps somebody else changed it meanwhile"
	return &e
}

// Short cuts a controller's message to what people read.
func Short(text string) string {
	if r := []rune(text); len(r) > 200 {
		return string(r[:200]) + "..."
	}
	return text
}
