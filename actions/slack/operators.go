package slack

import (
	"context"
	"slices"
	"strings"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// mayOperate refuses who is not among the operators. Groups are asked for at each press,
// so that who has left one may not any more.
func (a *Action) mayOperate(ctx context.Context, user string) error {
	if slices.Contains(a.settings.Operators, user) {
		return nil
	}
	for _, id := range a.settings.Operators {
		if !strings.HasPrefix(id, "S") {
			continue
		}
		members, err := a.api.GetUserGroupMembersContext(ctx, id)
		if err != nil {
			e := config.Unreachable(a.who, err)
			out := analysis.Errorf(e.Kind, "whether you are in the user group %s could not be found out: %s", id, e.Message)
			out.Hint = e.Hint
			return out
		}
		if slices.Contains(members, user) {
			return nil
		}
	}
	return analysis.Errorf(analysis.Denied, "you are not one of the operators of action %s", a.name).
		WithHint("ask one of them; or add %s to its operators in the config", user)
}
