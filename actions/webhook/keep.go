package webhook

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// keep makes an address that the other side named one that may be asked and kept: of
// an allowed host, and without a secret, because receipts are shown. Secrets that we
// put into it ourselves, such as a token in the path, are replaced by their number.
func (a *Action) keep(req *http.Request, address string) (string, error) {
	u, err := req.URL.Parse(address)
	if err != nil || strings.ContainsFunc(address, web.Control) {
		return "", analysis.Errorf(analysis.Invalid, "%s: the address to ask is not a URL", a.who)
	}
	u.Fragment, u.RawFragment = "", ""
	own, err := url.Parse(a.parts.url.Origin)
	if err != nil || !a.parts.poll.allowed(own, u) {
		return "", a.stranger(u)
	}
	kept := u.String()
	for i, s := range a.keptSecrets() {
		kept = strings.ReplaceAll(kept, s, numbered(i))
	}
	if config.NewRedactor(a.keptSecrets()...).Hides(kept) {
		return "", analysis.Errorf(analysis.Invalid, "%s: the address to ask holds a secret", a.who).WithHint("set poll.url")
	}
	return kept, nil
}

// revealed puts the secrets back into an address that was kept.
func (a *Action) revealed(kept string) string {
	for i, s := range a.keptSecrets() {
		kept = strings.ReplaceAll(kept, numbered(i), s)
	}
	return kept
}

// numbered stands for a secret. No URL holds such brackets as they are.
func numbered(i int) string { return fmt.Sprintf("<%d>", i) }

// keptSecrets are the secrets that an address may repeat, as URLs write them, always
// in the same order.
func (a *Action) keptSecrets() []string {
	secrets := []string{a.settings.BearerToken.Reveal()}
	if b := a.settings.BasicAuth; b != nil {
		secrets = append(secrets, b.Password.Reveal())
	}
	for _, s := range a.settings.Secret {
		secrets = append(secrets, s.Reveal(), strings.TrimPrefix(s.Reveal(), "whsec_"))
	}
	for _, name := range slices.Sorted(maps.Keys(a.parts.headers)) {
		secrets = append(secrets, a.parts.headers[name].Literals()...)
	}
	secrets = append(secrets, urlSecrets(a.parts.url)...)
	var out []string
	for _, s := range secrets {
		for _, form := range []string{s, url.PathEscape(s), url.QueryEscape(s), strings.TrimSpace(s)} {
			if len(form) >= 3 && !slices.Contains(out, form) {
				out = append(out, form)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return len(b) - len(a) }) // what contains another comes first
	return out
}
