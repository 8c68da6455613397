package store

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// postgresWords are what a server says, by its code. All of it may get better
// without a change of Haldane.
var postgresWords = map[string]string{
	"25006": "it is read-only",
	"25P03": "a write was paused for too long, and the server gave it up",
	"28000": "the user or password is refused",
	"28P01": "the user or password is refused",
	"3D000": "it does not exist",
	"40001": "another write was in the way",
	"40P01": "another write was in the way",
	"42501": "its user lacks the right",
	"53100": "the disk is full",
	"53200": "the server is out of memory",
	"53300": "too many connections",
	"55P03": "another replica holds what it needs",
	"57014": "the server did not answer in time",
	"57P01": "the server is stopping",
	"57P02": "the server crashed",
	"57P03": "the server is starting or stopping",
	"57P05": "the server ended the connection",
}

func (db *postgresDB) explain(err error) (words string, temporary bool) {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if words, known := postgresWords[pg.Code]; known {
			return words, true
		}
		switch pg.Code[:2] {
		case "08", "28", "40", "53", "57", "58":
			return "PostgreSQL says " + pg.Code, true
		}
		return "PostgreSQL says " + pg.Code, false
	}
	return connectionWords(err)
}

// connectionWords explains what went wrong on the way to a server: "" when it is
// something else.
func connectionWords(err error) (words string, temporary bool) {
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var expired x509.CertificateInvalidError
	var network net.Error
	var connect *pgconn.ConnectError
	switch {
	case errors.As(err, &dns):
		return "its host is not known", true
	case errors.As(err, &unknown), errors.As(err, &name), errors.As(err, &expired):
		return "its certificate is not trusted", true
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection is refused", true
	case errors.As(err, &connect) && errors.Is(err, fs.ErrNotExist):
		return "no server listens at its socket", true
	case errors.As(err, &connect) && strings.Contains(err.Error(), "refused TLS"):
		return "the server does not speak TLS", true
	case errors.As(err, &connect) && strings.Contains(err.Error(), "read only"):
		return "it is read-only", true
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "no answer in time", true
	case errors.As(err, &connect):
		return "no connection", true
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		strings.HasSuffix(err.Error(), "closed pool"), strings.HasSuffix(err.Error(), "conn closed"):
		return "the connection was lost", true
	}
	return "", false
}
