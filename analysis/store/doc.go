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
// Several replicas may share a PostgreSQL. They start in any order: one after the other
// brings the tables up to date, under a lock that goes with its holder. Each marks the
// jobs it works on with its id, beats in the table replicas by the database's clock, and
// takes over the jobs of those that have not been seen ([Store.TakeOver]); that does not
// wait for River's leader, who may be the one that died. When looks are due is said by
// the clocks of the replicas, which must agree with each other to seconds; a database
// with another time does no harm. The server ends what a paused replica left open
// (postgres_pool.go), so that no row stays locked.
//
// Older and newer replicas work side by side within a generation of migrations
// (generation.go). What a run or a delivery carries as JSON (rollback, verification,
// receipt) is written back whole: an older replica loses a field that it does not know.
// A new field there must be one that may be lost, and a new state one that an older
// replica may pass over; otherwise a new generation begins. Plans, requests, events,
// looks and samples are written once and lose nothing.
//
// It imports analysis. Start reading at store.go; the tables are in migrations/.
package store
