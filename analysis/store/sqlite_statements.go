package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite"
)

// openSQL opens a pool of connections that keep their prepared statements. SQLite parses
// a statement each time otherwise, which takes longer than to run it; the texts are few,
// River's and ours.
func openSQL(dsn string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector{c}), nil
}

type connector struct{ driver.Connector }

// conn is what database/sql uses of SQLite's connections.
type conn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// Connect implements driver.Connector.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	plain, ok := opened.(conn)
	if !ok {
		return nil, errors.Join(errors.New("store: SQLite's driver has changed"), opened.Close())
	}
	return &keepingConn{plain, map[string]*statement{}}, nil
}

// keepingConn is a connection with the statements that it has prepared. database/sql
// lets one goroutine at a time use it.
type keepingConn struct {
	conn
	kept map[string]*statement
}

// mostStatements is far above the number of texts there are; lists of values make some
// more.
const mostStatements = 300

// statement is one that is prepared. One whose rows are being read is busy.
type statement struct {
	stmt interface {
		driver.Stmt
		driver.StmtExecContext
		driver.StmtQueryContext
	}
	busy bool
}

// QueryContext implements driver.QueryerContext.
func (c *keepingConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := s.stmt.QueryContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, c.release(text, s))
	}
	return &statementRows{rows, func() error { return c.release(text, s) }}, nil
}

// ExecContext implements driver.ExecerContext.
func (c *keepingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	result, err := s.stmt.ExecContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, c.release(text, s))
	}
	return result, c.release(text, s)
}

// prepared returns a statement that is free, and makes it busy.
func (c *keepingConn) prepared(ctx context.Context, text string) (*statement, error) {
	if s, ok := c.kept[text]; ok && !s.busy {
		s.busy = true
		return s, nil
	}
	made, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s := &statement{busy: true}
	var ok bool
	if s.stmt, ok = made.(interface {
		driver.Stmt
		driver.StmtExecContext
		driver.StmtQueryContext
	}); !ok {
		return nil, errors.Join(errors.New("store: SQLite's driver has changed"), made.Close())
	}
	if _, twice := c.kept[text]; !twice {
		c.kept[text] = s
	}
	return s, nil
}

// release lets a statement be used again.
func (c *keepingConn) release(text string, s *statement) error {
	s.busy = false
	if c.kept[text] != s {
		return s.stmt.Close()
	}
	for other, o := range c.kept {
		if len(c.kept) <= mostStatements {
			break
		}
		if !o.busy {
			delete(c.kept, other)
			if err := o.stmt.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close implements driver.Conn.
func (c *keepingConn) Close() error {
	var errs []error
	for _, s := range c.kept {
		errs = append(errs, s.stmt.Close())
	}
	return errors.Join(append(errs, c.conn.Close())...)
}

// statementRows are rows whose statement is free when they have been read.
type statementRows struct {
	driver.Rows
	over func() error
}

// Close implements driver.Rows.
func (r *statementRows) Close() error {
	err := r.Rows.Close()
	if r.over != nil {
		err = errors.Join(err, r.over())
		r.over = nil
	}
	return err
}
