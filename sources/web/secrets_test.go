package web

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/config"
)

func TestSecretsAreBlanked(t *testing.T) {
	c := settings("http://shop")
	c.BasicAuth = BasicAuth{"me", config.NewSecret(planted)}
	c.BearerToken = config.NewSecret("bearer-sesame")
	c.OAuth2 = OAuth2{ClientID: "client", ClientSecret: config.NewSecret("client sesame/+")}
	c.ProxyURL = config.NewSecret("http://user:proxy%20sesame@proxy:3128")
	c.Headers = map[string]config.Secret{"X-Key": config.NewSecret("key-sesame"), "X-Short": config.NewSecret("of")}
	server := c.server()
	server.Vendor.Secrets = []config.Secret{config.NewSecret("app-key-sesame")}
	hide := newSecrets(server)
	inJSON, _ := json.Marshal(planted)
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for name, words := range map[string]string{
		"as it is":         planted,
		"in JSON":          string(inJSON),
		"in Go":            fmt.Sprintf("%q", planted),
		"on one line":      strings.ReplaceAll(planted, "\n", " "),
		"as basic auth":    encode("me:" + planted),
		"alone in base64":  encode(planted),
		"as bearer":        "Bearer bearer-sesame",
		"in a form":        "client_secret=" + url.QueryEscape("client sesame/+"),
		"as client":        encode("client:" + url.QueryEscape("client sesame/+")),
		"of the proxy":     "connecting to http://user:proxy%20sesame@proxy:3128 failed",
		"proxy's password": "proxy sesame",
		"of a header":      "X-Key: key-sesame",
		"the vendor's own": "DD-APPLICATION-KEY: app-key-sesame",
	} {
		got := hide.clean("it got "+words+" of you", 500)
		if strings.Contains(got, "sesame") || strings.Contains(got, encode(planted)[:12]) || !strings.Contains(got, "<secret>") {
			t.Errorf("%s: %s", name, got)
		}
		if !strings.HasPrefix(got, "it got ") || !strings.HasSuffix(got, " of you") {
			t.Errorf("%s: ordinary words are gone: %s", name, got)
		}
	}
}

func TestClean(t *testing.T) {
	for words, want := range map[string]string{
		"plain":                   "plain",
		"  two\n\tlines\r\n\x00.": "two lines .",
		"bad \xff utf":            "bad ? utf",
		strings.Repeat("ü", 40):   strings.Repeat("ü", 10) + "...",
		strings.Repeat("xü", 40):  strings.Repeat("xü", 6) + "x" + "...",
		"":                        "",
	} {
		if got := secrets(nil).clean(words, 20); got != want {
			t.Errorf("%q is cleaned to %q, want %q", words, got, want)
		}
	}
}
