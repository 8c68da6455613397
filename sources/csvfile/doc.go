// Package csvfile (type csv) reads samples from CSV files: for tests, and for asking
// haldane backtest about an export of whatever metrics store there was.
//
//	sources:
//	  exported: {type: csv, path: ./exports}
//	plans:
//	  - metrics:
//	      - {name: p99, source: exported, query: 'checkout.csv: p99{version="{{.Version}}"}'}
//
// with exports/checkout.csv:
//
//	time,version,region,p99,errors
//	2024-05-01T12:01:00Z,1.4.2,eu,212.5,3
//	2024-05-01T12:01:00Z,1.4.1,eu,198,
//	2024-05-01T12:02:00Z,1.4.2,eu,NaN,0
//
// # Files
//
// The first line names the columns. One column is the time, the first unless the
// section's time says another: seconds or milliseconds since 1970, or RFC 3339. A row of
// 12:01:00 is of the step that ends then; for files that label intervals by their start,
// shift moves all times on. Rows may come in any order; of several in one step,
// consolidate makes one sample.
//
// Columns whose cells are all numbers are values; all others, and those named by labels,
// are labels: rows that differ in them are different series. A column such as a version
// of 1.4 and 1.5 looks like numbers and is not: name it under labels. Two rows of one
// series with the same time are an error, so that such a mistake is seen.
//
// An empty cell is a null: missing, never 0. NaN, +Inf and -Inf are what they are.
// Anything else in a column of values is an error with its line, when a window is asked
// for in which the line is.
//
// A file is read when it is first asked for, and anew when its size or its time of change
// is another. It has at most 64 MiB. A path that leads out of the folder, by .. or by a
// symbolic link, is refused.
//
// # Queries
//
//	COLUMN   COLUMN{label="value", label!="value"}   FILE: COLUMN{...}
//
// FILE is needed when path is a folder. Names of files, columns and labels that hold one
// of {}",:=! or begin or end with a space stand in double quotes. In double quotes, \" is a
// quotation mark, \\ a backslash and \n a line break.
//
// It imports analysis, config and sources/answer. Start reading at source.go; the syntax
// of queries is in query.go, that of files in table.go.
package csvfile
