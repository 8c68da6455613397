// Package store is the memory of the house: every row Haldane keeps, on embedded
// SQLite or on PostgreSQL, and the job queue (River) that drives the work.
//
// What happens together is written in one transaction ([Store.Write]): a verdict,
// its events, its deliveries and their jobs. Rows are the truth, jobs are only
// hints that something is due: a job may be lost or doubled at any time, and
// exactly-once comes from two things in the rows, the revision that every commit
// on a run checks and raises, and unique keys for (run, look) and (event, step).
//
// Inside Write only the Tx may be used: SQLite has one writing connection, and a
// second way to it would wait for ever. No network call belongs inside either.
//
// It imports analysis. Start reading at store.go; the tables are in migrations/.
package store
