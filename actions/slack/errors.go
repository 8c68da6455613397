package slack

import (
	"regexp"

	"github.com/haldane-dev/haldane/analysis"
)

// trouble is what one of Slack's error codes means.
type trouble struct {
	kind analysis.Kind
	text string
	hint string
}

// Hints that several codes share.
const (
	checkToken  = "check token: install the app again and copy the bot token"
	checkHook   = "make a new incoming webhook and set webhook_url"
	invite      = "invite the bot: /invite @its-name in the channel"
	askAdmin    = "ask an administrator of the workspace"
	otherPlace  = "set another channel"
	tellHaldane = "report it: Haldane wrote a message that Slack does not take"
)

// troubles are the codes that Slack answers to what this action calls, from the
// reference of chat.postMessage, chat.update, chat.postEphemeral, auth.test, the methods
// for files, user groups and Socket Mode, and incoming webhooks. A
// code that is not here is final: Slack said no, and saying it again changes
// nothing.
var troubles = map[string]trouble{
	"invalid_auth":                             {analysis.Denied, "the token is not valid", checkToken},
	"not_authed":                               {analysis.Denied, "no token was sent", checkToken},
	"account_inactive":                         {analysis.Denied, "the token's account or app was removed", checkToken},
	"token_revoked":                            {analysis.Denied, "the token was revoked", checkToken},
	"token_expired":                            {analysis.Denied, "the token has expired", checkToken},
	"not_allowed_token_type":                   {analysis.Denied, "the token is of the wrong type", "a bot token: xoxb-..."},
	"missing_scope":                            {analysis.Denied, "the app lacks a scope", "add the scope chat:write and install the app again"},
	"no_permission":                            {analysis.Denied, "the app has no permission", invite},
	"access_denied":                            {analysis.Denied, "access is denied", askAdmin},
	"accesslimited":                            {analysis.Denied, "access is limited on this network", askAdmin},
	"ekm_access_denied":                        {analysis.Denied, "administrators have suspended posting", askAdmin},
	"enterprise_is_restricted":                 {analysis.Denied, "the organisation does not allow it", askAdmin},
	"org_login_required":                       {analysis.Denied, "the workspace is being moved to an organisation", askAdmin},
	"team_access_not_granted":                  {analysis.Denied, "the token is not for this workspace", checkToken},
	"two_factor_setup_required":                {analysis.Denied, "two-factor authentication must be set up first", askAdmin},
	"restricted_action":                        {analysis.Denied, "a setting of the workspace forbids posting here", askAdmin},
	"restricted_action_read_only_channel":      {analysis.Denied, "the channel is read-only", otherPlace},
	"restricted_action_thread_only_channel":    {analysis.Denied, "the channel takes replies only", otherPlace},
	"restricted_action_non_threadable_channel": {analysis.Denied, "the channel takes no threads", otherPlace},
	"channel_not_found":                        {analysis.Invalid, "there is no such channel, or it is private and the bot is not in it", "check channel; " + invite},
	"not_in_channel":                           {analysis.Invalid, "the bot is not in the channel", invite},
	"is_archived":                              {analysis.Invalid, "the channel is archived", otherPlace},
	"user_not_found":                           {analysis.Invalid, "there is no such user", otherPlace},
	"thread_not_found":                         {analysis.Invalid, "the thread is gone", ""},
	"message_not_found":                        {analysis.Invalid, "the message is gone", ""},
	"cant_update_message":                      {analysis.Invalid, "the message is not the bot's own", ""},
	"edit_window_closed":                       {analysis.Invalid, "the workspace does not let messages be edited any more", ""},
	"is_inactive":                              {analysis.Invalid, "the channel is frozen, archived or deleted", otherPlace},
	"msg_too_long":                             {analysis.Invalid, "the message is too long", tellHaldane},
	"msg_blocks_too_long":                      {analysis.Invalid, "the message is too long", tellHaldane},
	"no_text":                                  {analysis.Invalid, "the message is empty", tellHaldane},
	"invalid_blocks":                           {analysis.Invalid, "the message's blocks are not valid", tellHaldane},
	"invalid_blocks_format":                    {analysis.Invalid, "the message's blocks are not valid", tellHaldane},
	"invalid_arguments":                        {analysis.Invalid, "an argument is not valid", tellHaldane},
	"metadata_too_large":                       {analysis.Invalid, "the metadata is too large", tellHaldane},
	"method_deprecated":                        {analysis.Invalid, "the method is no more", "a newer Haldane"},
	"no_such_subteam":                          {analysis.Invalid, "there is no such user group", "check operators"},
	"user_not_in_channel":                      {analysis.Invalid, "the person is not in the channel", ""},
	"file_type_not_allowed":                    {analysis.Denied, "the workspace does not allow files of this type", askAdmin},
	"forbidden_team":                           {analysis.Denied, "the app may not use this in the workspace", askAdmin},
	"ratelimited":                              {analysis.Limited, "too many requests", ""},
	"rate_limited":                             {analysis.Limited, "too many messages", ""},
	"message_limit_exceeded":                   {analysis.Limited, "too many messages", ""},
	"fatal_error":                              {analysis.Unavailable, "Slack has a fatal error", ""},
	"internal_error":                           {analysis.Unavailable, "Slack has an internal error", ""},
	"service_unavailable":                      {analysis.Unavailable, "Slack is unavailable", ""},
	"request_timeout":                          {analysis.Unavailable, "Slack did not get the whole request", ""},
	"update_failed":                            {analysis.Unavailable, "Slack could not update the message", ""},
	"team_added_to_org":                        {analysis.Unavailable, "the workspace is being moved to an organisation", ""},
	"external_channel_migrating":               {analysis.Unavailable, "the channel is being moved", ""},

	// Of incoming webhooks, which answer in plain text.
	"invalid_token":                     {analysis.Denied, "the webhook's URL is not valid", checkHook},
	"no_service":                        {analysis.NotFound, "the webhook was removed or switched off", checkHook},
	"no_service_id":                     {analysis.NotFound, "the webhook's URL is not complete", checkHook},
	"no_team":                           {analysis.NotFound, "the webhook's workspace is gone", checkHook},
	"team_disabled":                     {analysis.NotFound, "the webhook's workspace is gone", checkHook},
	"no_active_hooks":                   {analysis.NotFound, "the webhook was switched off", checkHook},
	"channel_is_archived":               {analysis.Invalid, "the channel is archived", "an incoming webhook for another channel"},
	"action_prohibited":                 {analysis.Denied, "an administrator forbids it", askAdmin},
	"posting_to_general_channel_denied": {analysis.Denied, "only some may post to the general channel", otherPlace},
	"invalid_payload":                   {analysis.Invalid, "the message is not understood", tellHaldane},
	"too_many_attachments":              {analysis.Invalid, "the message has too many parts", tellHaldane},
	"rollup_error":                      {analysis.Unavailable, "Slack has an internal error", ""},
}

// codeForm is how Slack's codes look. Anything else in their place is not shown:
// it may repeat what was sent.
var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{1,63}$`)

// meaning puts one of Slack's codes into words.
func meaning(who, code string) *analysis.Error {
	t, known := troubles[code]
	switch {
	case known:
		e := analysis.Errorf(t.kind, "%s: %s (%s)", who, t.text, code)
		if t.hint != "" {
			e = e.WithHint("%s", t.hint)
		}
		return e
	case codeForm.MatchString(code):
		return analysis.Errorf(analysis.Invalid, "%s: Slack answered %s", who, code).
			WithHint("look the code up in Slack's API reference")
	}
	return analysis.Errorf(analysis.Invalid, "%s: Slack answered an error that is not one of its codes", who).
		WithHint("check that the URL is Slack's")
}

// scopeForm is how the names of scopes look.
var scopeForm = regexp.MustCompile(`^[a-z]+(:[a-z.]+)+$`)
