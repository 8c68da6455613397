package email

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/haldane-dev/haldane/actions/actiontest"
)

// exim is Debian's mail server as a plain process: on loopback, with TLS, with a queue
// and mailboxes in a folder of the test.
type exim struct {
	ca            string // file with the certificate to trust
	plain, secure string // addresses: STARTTLS, and TLS from the first byte
	mailbox       string
}

// eximConfig: only who signs in, which needs TLS, may send, and only to example.com.
const eximConfig = `
primary_hostname = mail.example.com
spool_directory = %[1]s/spool
log_file_path = %[1]s/%%slog
pid_file_path = %[1]s/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = %[2]s : %[3]s
tls_on_connect_ports = %[3]s
tls_advertise_hosts = *
tls_certificate = %[1]s/cert.pem
tls_privatekey = %[1]s/key.pem
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
acl_smtp_rcpt = recipients
acl_smtp_data = accept
deliver_drop_privilege = true
rfc1413_query_timeout = 0s
host_lookup =
keep_environment =
%[4]s
begin acl
recipients:
  deny message = sign in first
       !authenticated = *
  defer message = mailbox is locked
       local_parts = busy
  accept domains = example.com
  deny message = no such domain here
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  file = %[1]s/mailbox
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and {{eq{$auth2}{haldane}}{eq{$auth3}{open sesame}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and {{eq{$auth1}{haldane}}{eq{$auth2}{open sesame}}}}
  server_set_id = $auth1
`

func startExim(t *testing.T) exim {
	t.Helper()
	binary := actiontest.Program(t, "exim4", "exim4-daemon-light")
	dir, err := os.MkdirTemp("", "haldane-exim")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	e := exim{
		ca: filepath.Join(dir, "cert.pem"), plain: actiontest.FreeAddress(t), secure: actiontest.FreeAddress(t),
		mailbox: filepath.Join(dir, "mailbox"),
	}
	certificate(t, dir)
	_, one, _ := net.SplitHostPort(e.plain)
	_, two, _ := net.SplitHostPort(e.secure)
	file := filepath.Join(dir, "exim.conf")
	write(t, file, fmt.Sprintf(eximConfig, dir, one, two, runner(t, dir)))
	actiontest.Start(t, exec.Command(binary, "-C", file, "-bdf"))
	actiontest.Eventually(t, "exim listens", func() bool { return actiontest.Listens(e.plain) && actiontest.Listens(e.secure) })
	return e
}

// runner says as whom exim runs: as whoever runs the test, or as nobody when that is
// root, which it gives up.
func runner(t *testing.T, dir string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		return fmt.Sprintf("exim_user = %d\nexim_group = %d\nadmin_groups = %[2]d", os.Geteuid(), os.Getegid())
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	for _, f := range []string{dir, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")} {
		if err := os.Chown(f, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf("exim_user = %d\nexim_group = %d", uid, gid)
}

// certificate writes one for 127.0.0.1, signed by itself.
func certificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "cert.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(t, filepath.Join(dir, "key.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
