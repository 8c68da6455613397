package config

import "strings"

// TLS says how the daemon speaks to its clients: plainly when there is no certificate.
type TLS struct {
	Cert     string // HALDANE_TLS_CERT: file with the certificate and those between it and its authority, PEM
	Key      string // HALDANE_TLS_KEY: file with its private key, PEM
	ClientCA string // HALDANE_TLS_CLIENT_CA: file with the authorities of clients' certificates; "": clients have none
	// HALDANE_TLS_CLIENT_AUTH, with a client CA: every client needs a certificate (require,
	// the default; health checks do not), or one that it gives must be good (if-given).
	RequireClient bool
}

// On reports whether the daemon speaks TLS.
func (t TLS) On() bool { return t.Cert != "" }

// Files lists the files that are read.
func (t TLS) Files() []string {
	files := []string{t.Cert, t.Key}
	if t.ClientCA != "" {
		files = append(files, t.ClientCA)
	}
	return files
}

type tlsText struct {
	Cert       string `env:"HALDANE_TLS_CERT"`
	Key        string `env:"HALDANE_TLS_KEY"`
	ClientCA   string `env:"HALDANE_TLS_CLIENT_CA"`
	ClientAuth string `env:"HALDANE_TLS_CLIENT_AUTH"`
}

// tls wants settings that belong together: half of them would leave a daemon open that
// its operator thinks is closed.
func (r *settingsReader) tls(text tlsText) TLS {
	t := TLS{Cert: strings.TrimSpace(text.Cert), Key: strings.TrimSpace(text.Key), ClientCA: strings.TrimSpace(text.ClientCA)}
	switch {
	case t.Cert != "" && t.Key == "":
		r.say("HALDANE_TLS_KEY", "/etc/haldane/tls/tls.key", "missing: HALDANE_TLS_CERT is set")
	case t.Cert == "" && t.Key != "":
		r.say("HALDANE_TLS_CERT", "/etc/haldane/tls/tls.crt", "missing: HALDANE_TLS_KEY is set")
	case t.Cert == "" && t.ClientCA != "":
		r.say("HALDANE_TLS_CLIENT_CA", "set HALDANE_TLS_CERT and HALDANE_TLS_KEY too", "clients can show a certificate over TLS only")
	}
	if t.ClientCA == "" {
		if text.ClientAuth != "" {
			r.say("HALDANE_TLS_CLIENT_AUTH", "set HALDANE_TLS_CLIENT_CA too", "certificates of clients need an authority")
		}
		return t
	}
	mode := text.ClientAuth
	if mode == "" {
		mode = "require"
	}
	t.RequireClient = r.word("HALDANE_TLS_CLIENT_AUTH", mode, "require", "if-given") == "require"
	return t
}
