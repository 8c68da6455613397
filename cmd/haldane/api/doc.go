// Package api is the face for machines: JSON over HTTP under /api/v1, described by
// /openapi.json, with errors as RFC 9457 problems, and /healthz, /readyz, /metrics. It also
// keeps the door of the pages, which are package ui's. It turns requests into calls of the
// ports in package analysis and knows nothing else of the house.
//
// Every request passes the same door (door.go): it gets an id (X-Request-ID, kept when it
// is well-formed), which replies, problems, log lines and events carry; its sender is found
// out; who asks too much or guesses tokens waits. Who may do what is decided in auth.go and
// scope.go: a token has one of the roles read < start < operate < admin, and may be limited
// to some plans. What must never pass is refused before any of it (gate.go): foreign
// origins, unknown hosts, bodies that are no JSON or too large.
//
// Start reading at api.go.
//
// # Threat model
//
// What is worth something here: the power to roll a service back, or to keep a rollback from
// happening; the credentials of metric stores, deploy tools and chats; the evidence, on
// which people rely afterwards. Haldane promises that a good release is not rolled back and
// that a bad one is; both may be attacked.
//
// Who speaks with it, what they could try, and what stops them:
//
//   - A stranger who reaches the port, such as a neighbour's pod. Without a token nothing is
//     answered but /healthz, /readyz, the description of the API and, unless
//     HALDANE_METRICS_AUTH is set, /metrics. Beyond loopback the daemon does not listen
//     without tokens. Hashes are compared in constant time; after ten wrong tokens an address
//     has one try in six seconds, and a right one that it never used before waits as well.
//     Slow clients, large headers and bodies are cut off, floods get 429; health checks pass
//     always, so that a flood does not restart the daemon. TLS and certificates of clients
//     keep others from listening in or getting this far.
//   - A page in the browser of somebody who may. Writes from other origins are refused, and
//     so are names that are not this daemon's (DNS rebinding). Pages run no scripts; all that
//     strangers chose is escaped, links are http and https only.
//   - A deploy tool, or who stole its token (role start): it can start, cancel and feed the
//     runs of its plans, and so hide a bad release or push false samples; all of that are
//     events with its name. It cannot roll back by hand, nor steer a query by a name: versions
//     and variables have a narrow alphabet and are escaped for where they land. A false start
//     can roll back only to its baseline, at most a few times an hour, and only when the real
//     metrics say so.
//   - An insider with a read token. It sees runs, queries, evidence and who decided, never a
//     secret: those print as <secret>, and errors of others that may quote them are put into
//     plain words first. One that is limited to plans cannot tell other teams' runs from runs
//     that do not exist.
//   - An operator (role operate) who errs or turns. Rollbacks go to a version that was good
//     before; caps, freezes and approvals by several people hold; what is done is an event
//     with who, when, and from which request (GET /api/v1/events), and is never deleted by a
//     call. One of some plans cannot hold or roll back a service that others judge, too.
//   - Metric stores: their answers are data, bounded in size and time, and never an
//     instruction. A store that is sick or answers nonsense makes a run inconclusive. One that
//     lies can roll a good release back or let a bad one pass: trust in it is assumed.
//   - Receivers of webhooks and chats: they learn what the plan sends them. Redirects are not
//     followed, addresses of cloud metadata are refused, egress may be narrowed. Slack's
//     buttons carry its signature, and only people on the operators' list may decide.
//   - Whoever writes the config: they name the queries, receivers and tokens, so they can do
//     everything. Review it like code.
//
// Not defended: somebody with the database (who may change runs, events and what is to be
// sent), with the process's memory, environment or secret files, or root beside it; the
// host's clock; a flood that fills the line; two tokens in one hand counting as two people;
// addresses behind a proxy, which are one address here, so that wrong tokens of one client
// delay the new tokens of others behind it; a weak token, since its hash is not salted: take
// 32 random bytes.
package api
