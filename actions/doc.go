// Package actions is the table of the hands: which kinds of actions there are. Each
// is a package of its own below this one; none imports another.
//
// # The actions
//
//	action   request                        success              tried again                  final                        repeat key
//	webhook  POST (PUT, PATCH, DELETE) to   2xx                  network, 408, 425,           3xx, other 4xx, a refused    webhook-id and Idempotency-Key,
//	         the URL, signed                                     429 (Retry-After), 5xx       address, a template error    and the body, byte for byte
//	slack    chat.postMessage, with         ok:true              network, 408, 425, 429       every other code of Slack's, delivery_id in the message's
//	(bot)    chat.update before it in a                          (Retry-After), 5xx, and the  3xx, other 4xx, a refused    metadata, looked for before a
//	         thread; both in HTTP 200                            codes ratelimited,           address                      message is posted again
//	                                                             internal_error, ...
//	slack    POST to the incoming webhook   200 and the text ok  network, 408, 425, 429       3xx, other 4xx, a refused    block_id of the header: Slack
//	(hook)                                                       (Retry-After), 5xx, a page   address                      itself does not recognise it
//
// None of them follows a redirect. The table of HTTP statuses is config.Refused,
// that of Slack's codes is slack/errors.go.
//
// # How to add one
//
// Three places: a folder here, a line in actions.go, its keys in
// config/reference.yaml. In the folder:
//
//   - config.go: a struct that embeds config.ActionCommon inline, with yaml and doc
//     tags on each field and config.Secret for whatever must not be seen; New with
//     the defaults; Check for what decoding cannot find; ChangesWorld, Threads; Open.
//   - the action: Perform, and Check for `check --online`. HTTP goes through
//     Env.Egress.Client, statuses through config.Refused, trouble on the way through
//     config.Unreachable, texts from outside through a config.Redactor. What people
//     read comes from config.Compose, and is escaped for the channel.
//   - the package comment: what it changes in the world, by which key a repeat is
//     recognised, what is tried again, what is never logged.
//   - tests: actiontest.Exercise, once for each way to set the action up, with the
//     vendor's own replies; and a stand-in that speaks its protocol, limits and
//     errors included.
//
// It imports config and the packages below it. Start reading at actions.go.
package actions
