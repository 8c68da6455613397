package web

import "github.com/haldane-dev/haldane/config"

// Login are the settings that say who Haldane is; embed it with `yaml:",inline"`.
type Login struct {
	Headers     map[string]config.Secret `yaml:"headers" doc:"sent with every query, e.g. X-Scope-OrgID: team-a"`
	BasicAuth   BasicAuth                `yaml:"basic_auth" doc:"user name and password; one of basic_auth, bearer_token, oauth2 and an Authorization header at most"`
	BearerToken config.Secret            `yaml:"bearer_token" doc:"sent as Authorization: Bearer"`
	OAuth2      OAuth2                   `yaml:"oauth2" doc:"client credentials flow: a token is fetched, and fetched anew before it expires"`
}

// LoginKeys names the settings of Login, for hints.
const LoginKeys = "basic_auth, bearer_token, oauth2 and headers"

// Reach are the settings of the way to a server; embed it with `yaml:",inline"`.
type Reach struct {
	TLS         TLS           `yaml:"tls" doc:"of the connection to the server"`
	ProxyURL    config.Secret `yaml:"proxy_url" doc:"HTTP or SOCKS5 proxy, e.g. http://proxy:3128; default: HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment"`
	MaxResponse Size          `yaml:"max_response" doc:"the largest answer that is read; a larger one is an error; default 16MiB"`
}

// DefaultMaxResponse is what MaxResponse is unless the file says otherwise.
const DefaultMaxResponse Size = 16 << 20

// BasicAuth is a user name and a password.
type BasicAuth struct {
	Username string        `yaml:"username" doc:"user name"`
	Password config.Secret `yaml:"password" doc:"password"`
}

// OAuth2 are the settings of the client credentials flow.
type OAuth2 struct {
	ClientID       string            `yaml:"client_id" doc:"required"`
	ClientSecret   config.Secret     `yaml:"client_secret" doc:"required"`
	TokenURL       string            `yaml:"token_url" doc:"where tokens are fetched; required"`
	Scopes         []string          `yaml:"scopes" doc:"asked for; default: none"`
	EndpointParams map[string]string `yaml:"endpoint_params" doc:"further parameters of the token request, e.g. audience"`
	TLS            TLS               `yaml:"tls" doc:"of the connection to token_url; not inherited from the source"`
}

// TLS are the settings of encrypted connections. The files are read anew when they
// change.
type TLS struct {
	CA                 string `yaml:"ca" doc:"file of the certificates (PEM) that are trusted; a relative path starts where Haldane was started; default: those of the system"`
	Cert               string `yaml:"cert" doc:"file of the client certificate (PEM)"`
	Key                string `yaml:"key" doc:"file of the client certificate's key (PEM)"`
	ServerName         string `yaml:"server_name" doc:"name that the server's certificate must have; default: the host of the address"`
	InsecureSkipVerify bool   `yaml:"insecure_skip_verify" doc:"trust any certificate; for tests only; default false"`
}

func (b BasicAuth) set() bool { return b.Username != "" || !b.Password.Empty() }

func (o OAuth2) set() bool {
	return o.ClientID != "" || !o.ClientSecret.Empty() || o.TokenURL != "" || len(o.Scopes) > 0 || len(o.EndpointParams) > 0
}
