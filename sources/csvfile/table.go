package csvfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/haldane-dev/haldane/analysis"
)

// table is a file that was read.
type table struct {
	columns []string
	time    int   // column
	labels  []int // columns
	rows    []row
}

// row is one line of a table.
type row struct {
	line  int
	at    time.Time
	cells []string
}

// readTable reads a file's content.
func readTable(content []byte, c *Config) (*table, *analysis.Error) {
	if !utf8.Valid(content) {
		return nil, analysis.Errorf(analysis.Invalid, "its text is not UTF-8")
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	r.Comma, _ = utf8.DecodeRuneInString(c.Separator)
	r.TrimLeadingSpace = true
	head, err := r.Read()
	if err != nil {
		return nil, malformed(err)
	}
	t := &table{columns: head}
	if wrong := t.name(c); wrong != nil {
		return nil, wrong
	}
	for {
		cells, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, malformed(err)
		}
		line, _ := r.FieldPos(0)
		at, wrong := c.TimeUnit.Parse(strings.TrimSpace(cells[t.time]))
		if wrong != nil {
			wrong.Message = fmt.Sprintf("line %d, column %s: %s", line, t.columns[t.time], wrong.Message)
			return nil, wrong
		}
		t.rows = append(t.rows, row{line, at.Add(c.Shift.Std()), cells})
	}
	t.findLabels(c.Labels)
	return t, nil
}

// name finds the column of times and checks the names of all.
func (t *table) name(c *Config) *analysis.Error {
	for i, name := range t.columns {
		if name == "" {
			return analysis.Errorf(analysis.Invalid, "line 1: column %d has no name", i+1)
		}
		if slices.Index(t.columns, name) < i {
			return analysis.Errorf(analysis.Invalid, "line 1: two columns are called %s", name)
		}
	}
	if c.Time == "" {
		return nil
	}
	var wrong *analysis.Error
	t.time, wrong = t.column(c.Time)
	return wrong
}

// column returns where a column is.
func (t *table) column(name string) (int, *analysis.Error) {
	i := slices.Index(t.columns, name)
	if i < 0 {
		const most = 20
		return i, analysis.Errorf(analysis.Invalid, "there is no column %q", name).
			WithHint("one of %s", strings.Join(t.columns[:min(most, len(t.columns))], ", "))
	}
	return i, nil
}

// findLabels finds the columns that hold more than numbers.
func (t *table) findLabels(named []string) {
	for i, name := range t.columns {
		if i == t.time {
			continue
		}
		if slices.Contains(named, name) || slices.ContainsFunc(t.rows, func(r row) bool {
			_, _, err := number(r.cells[i])
			return err != nil
		}) {
			t.labels = append(t.labels, i)
		}
	}
}

// number reads a cell of values; an empty one is null.
func number(cell string) (v float64, null bool, err error) {
	cell = strings.TrimSpace(cell)
	if cell == "" {
		return 0, true, nil
	}
	if strings.ContainsAny(cell, "xX_") { // Go's own forms of numbers
		return 0, false, strconv.ErrSyntax
	}
	v, err = strconv.ParseFloat(cell, 64)
	return v, false, err
}

// malformed puts an error of package csv into plain words.
func malformed(err error) *analysis.Error {
	var at *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return analysis.Errorf(analysis.Invalid, "it is empty").WithHint("a first line with the names of the columns")
	case errors.Is(err, csv.ErrFieldCount) && errors.As(err, &at):
		return analysis.Errorf(analysis.Invalid, "line %d: another number of cells than in line 1", at.Line).Because(err)
	case errors.As(err, &at):
		return analysis.Errorf(analysis.Invalid, "line %d: a quotation mark where none may stand, or one too few", at.Line).
			WithHint(`"" for a quotation mark inside of a cell in quotes`).Because(err)
	}
	return analysis.Errorf(analysis.Invalid, "it is not CSV").Because(err)
}
