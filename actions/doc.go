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
//	         thread; both in HTTP 200;                           codes ratelimited,           address                      message is posted again; the
//	         then the files methods for a                        internal_error, ...; a                                    picture by its file's name
//	         picture                                             picture never
//	slack    POST to the incoming webhook   200 and the text ok  network, 408, 425, 429       3xx, other 4xx, a refused    block_id of the header: Slack
//	(hook)                                                       (Retry-After), 5xx, a page   address                      itself does not recognise it
//	webhook  GET of what the reply names,   poll.done is true    as above, and what does not  poll.failed is true, other    GET changes nothing
//	(poll)   or poll.url                                         fit the expressions          statuses as above
//
// The others change the world by a vendor's API. All send the delivery's id as
// Idempotency-Key, though no vendor promises to look at it: what makes a repeat
// harmless is what they look at first. All refuse, for good, to touch what has another
// version by now than the one that failed.
//
//	action        request                          tried again, beside         refused for good            a repeat                     followed to the end
//	                                               config.Refused
//	kubernetes    JSON patch of a Deployment:      409, and 422 when the       version unknown or          a Deployment that has the    as kubectl rollout status;
//	              template of the version's        test of the generation      ambiguous, paused           version is left alone        ProgressDeadlineExceeded fails
//	              ReplicaSet                       fails
//	argorollouts  merge patch of the status        409, 422 as above           stable version is not the   aborted, undone or promoted  abort: weights, pods or service;
//	              (abort, promoteFull), JSON                                   one to go back to, aborted  already: left alone          undo, promote: phase; Degraded
//	              patch (undo)                                                 before promotion                                         fails
//	argocd        POST .../rollback with the id    another operation in        auto-sync is on, version    synced to it, on its way or  operationState.phase, then
//	              of the history's entry, or the   progress                    unknown or ambiguous        aborted: left alone          health; Failed and Error fail
//	              resource action abort
//	github        POST .../dispatches with         403 of a rate limit         unexpected inputs, no ref   runs are looked through: by  the run's status and conclusion
//	(dispatch)    inputs                                                                                   title, else refused
//	github        POST .../deployments/id/statuses 403 of a rate limit         no such deployment          says the same again          -
//	(status)
//	launchdarkly  semantic patch turnFlagOff       429 by X-Ratelimit-Reset    an approval is wanted       off: left alone              the answer says that it is off
//	flagsmith     POST .../update-flag-v1/         -                           change requests are on      off: left alone              read again
//	splitfme      PUT .../kill                     -                           -                           killed: left alone           read again
//
// For the long tail of deploy tools, and of channels that tell people (Telegram, ntfy,
// Mattermost, Google Chat, Opsgenie, Matrix), there are recipes over webhook in
// deploy/recipes.
//
// These tell people, or their tools. Each is also told how a rollback goes on.
//
//	action        request                          success                     tried again, beside          a repeat
//	                                                                           config.Refused
//	pagerduty     POST /v2/enqueue (trigger,       202 that says success       any other 2xx                the same dedup_key: the same
//	              resolve), /v2/change/enqueue                                                              alert; a change event twice
//	alertmanager  POST /api/v2/alerts to all       2xx of one member, empty    a page                       the same labels: the same
//	              members, again every minute                                                               alert
//	teams         POST of an adaptive card to a    2xx                         a page                       the card twice
//	              workflow
//	discord       POST ?wait=true, PATCH of the    2xx with the message's id   any other 2xx; retry_after   an edit: the same; a message
//	              run's message                                                of the body                  twice
//	email         SMTP: MAIL, RCPT, DATA           2xx after DATA              4xx of SMTP (5xx is final)   the same Message-ID
//	grafana       POST /api/annotations, PATCH     2xx with an id              any other 2xx                looked for by the run's tag
//	              of it
//	jira          POST search/jql, issue, comment  2xx with a key, an id       any other 2xx                looked for by the delivery's id
//
// What cannot tell a repeat gets the delivery's id in a header of ours, X-Haldane-Delivery:
// net/http would send a request with an Idempotency-Key again by itself when a connection
// breaks.
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
//     read comes from the Composer of ActionCommon, which knows the config's own words,
//     and is escaped for the channel.
//     A vendor's API is spoken with through actions/web, a cluster's through
//     actions/cluster: both know the rules above. What goes on after it was accepted is
//     followed: Follow, and FollowFor in the settings.
//   - the package comment: what it changes in the world, by which key a repeat is
//     recognised, what is tried again, what is never logged.
//   - tests: actiontest.Exercise, once for each way to set the action up, with the
//     vendor's own replies; and a stand-in that speaks its protocol, limits and
//     errors included. What it reads must be there: an answer of something in between
//     is never taken for done.
//
// It imports config and the packages below it. Start reading at actions.go.
package actions
