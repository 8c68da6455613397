package flagsmith

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Action switches features off.
type Action struct {
	parts  parts
	client *web.Client
}

var (
	_ analysis.Action  = (*Action)(nil)
	_ analysis.Checker = (*Action)(nil)
)

// state is one state of a feature: the environment's own, or an override.
type state struct {
	Enabled *bool           `json:"enabled"`
	Value   json.RawMessage `json:"feature_state_value"`
	Segment json.RawMessage `json:"feature_segment"`
	Person  json.RawMessage `json:"identity"`
}

// feature is what an environment serves.
type feature struct {
	on       bool
	value    value
	segments int // that switch it on
}

// value is a value as the endpoint takes it.
type value struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Perform implements analysis.Action.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	data := config.NewMessageData(d)
	names, err := web.All(data, a.parts.environment, a.parts.feature)
	if err != nil {
		return analysis.Receipt{}, err
	}
	environment, name := names[0], names[1]
	now, err := a.read(ctx, environment, name)
	if err != nil {
		return analysis.Receipt{}, err
	}
	if !now.on {
		return done("feature "+name+" is off already", now), nil
	}
	if err := a.off(ctx, environment, name, now.value, d.ID); err != nil {
		return analysis.Receipt{}, err
	}
	if now, err = a.read(ctx, environment, name); err != nil {
		return analysis.Receipt{}, err
	}
	if now.on {
		return analysis.Receipt{}, analysis.Errorf(analysis.Unavailable, "%s: it took the change, and feature %s is still on", a.client.Who(), name)
	}
	return done("feature "+name+" is off", now), nil
}

func done(text string, f feature) analysis.Receipt {
	if f.segments > 0 {
		text += fmt.Sprintf("; overrides of %d segments still switch it on", f.segments)
	}
	return analysis.Receipt{At: time.Now(), Text: text, Done: true}
}

// off switches the feature off, and leaves its value.
func (a *Action) off(ctx context.Context, environment, name string, v value, id string) error {
	path, err := web.Path("experiments", "environments", environment, "update-flag-v1")
	if err != nil {
		return err
	}
	body, err := web.Encode(map[string]any{"feature": map[string]string{"name": name}, "enabled": false, "value": v})
	if err != nil {
		return err
	}
	_, err = a.client.Send(ctx, web.Request{Method: http.MethodPost, Path: path + "/", Body: body, Key: id})
	return err
}

// read reads what the environment serves.
func (a *Action) read(ctx context.Context, environment, name string) (feature, error) {
	path, err := web.Path("v1", "environments", environment, "featurestates")
	if err != nil {
		return feature{}, err
	}
	answer, err := a.client.Send(ctx, web.Request{Path: path + "/?" + url.Values{"feature_name": {name}}.Encode()})
	if err != nil {
		return feature{}, err
	}
	var out struct{ Results *[]state }
	if err := answer.JSON(&out); err != nil {
		return feature{}, err
	}
	if out.Results == nil {
		return feature{}, answer.Nonsense()
	}
	return a.own(*out.Results, name, answer)
}

// own picks the environment's own state out of those of a feature.
func (a *Action) own(states []state, name string, answer web.Answer) (feature, error) {
	var f feature
	found := false
	for _, s := range states {
		switch {
		case s.Enabled == nil:
			return f, answer.Nonsense()
		case given(s.Person):
		case given(s.Segment):
			if *s.Enabled {
				f.segments++
			}
		case found:
			return f, analysis.Errorf(analysis.Conflict, "%s: feature %s has several states in the environment", a.client.Who(), name)
		default:
			found, f.on, f.value = true, *s.Enabled, valueOf(s.Value)
		}
	}
	if !found {
		return f, analysis.Errorf(analysis.NotFound, "%s: the environment has no feature %s", a.client.Who(), name).WithHint("check feature and environment_key")
	}
	return f, nil
}

func given(v json.RawMessage) bool { return len(v) > 0 && string(v) != "null" }

// valueOf turns a value that was read into one that can be sent.
func valueOf(raw json.RawMessage) value {
	var text string
	switch {
	case !given(raw):
		return value{Type: "string"}
	case json.Unmarshal(raw, &text) == nil:
		return value{"string", text}
	case string(raw) == "true", string(raw) == "false":
		return value{"boolean", string(raw)}
	}
	return value{"integer", string(raw)}
}

// Check implements analysis.Checker: Flagsmith is reached, and knows us.
func (a *Action) Check(ctx context.Context) error {
	_, err := a.client.Send(ctx, web.Request{Path: "/v1/organisations/"})
	return err
}
