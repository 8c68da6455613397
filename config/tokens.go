package config

import "path"

// readTokens checks and keeps the tokens of the API.
func (l *loader) readTokens(tokens []tokenFile) {
	doc := l.main
	hashes := map[[32]byte]string{}
	for i, t := range tokens {
		at := index("tokens", i)
		if t.Name == "" {
			doc.mistake(at, "a token needs a name")
		} else {
			l.own(doc, join(at, "name"), "token", t.Name)
		}
		if t.Role == "" {
			doc.mistake(at, "a token needs a role").try("read, start, operate or admin")
		}
		token := Token{Name: t.Name, Role: t.Role, Plans: t.Plans}
		if l.tokenHash(at, &t, &token) {
			if first, twice := hashes[token.SHA256]; twice {
				doc.mistake(join(at, "sha256"), "the same token as %s", first)
			}
			hashes[token.SHA256] = at
		}
		for k, pattern := range t.Plans {
			l.tokenPlan(index(join(at, "plans"), k), pattern)
		}
		l.config.Tokens = append(l.config.Tokens, token)
	}
}

// tokenHash resolves and reads the hash of a token.
func (l *loader) tokenHash(at string, t *tokenFile, into *Token) bool {
	at = join(at, "sha256")
	if t.SHA256.text().raw == "" {
		l.main.mistake(at, "a token needs the SHA-256 of its text").try(`printf %%s "$TOKEN" | sha256sum`)
		return false
	}
	if l.resolveSecret(l.main, at, &t.SHA256) {
		var ok bool
		if into.SHA256, ok = decodeHash(t.SHA256.Reveal()); ok {
			return true
		}
		l.main.mistake(at, "not a SHA-256: want 64 hexadecimal digits").try(`printf %%s "$TOKEN" | sha256sum`)
	}
	return false
}

// tokenPlan checks one pattern of plans.
func (l *loader) tokenPlan(at, pattern string) {
	if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
		l.main.mistake(at, "pattern %q: not understood", pattern).try("shop-*")
		return
	}
	for _, p := range l.config.Plans {
		if ok, _ := path.Match(pattern, p.Name); ok {
			return
		}
	}
	l.main.warn(at, "pattern %q: no plan matches", pattern)
}
