package datadog

import (
	"context"
	"errors"
	"time"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/sources/web"
)

// Check implements analysis.Checker: is there a Datadog, does it know the API key, does
// it know the application key, and may that key query. Each has words of its own.
func (s *Source) Check(ctx context.Context) error {
	for _, step := range []struct {
		ask    func(context.Context) error
		denied *analysis.Error
	}{
		{s.checkAPIKey, analysis.Errorf(analysis.Denied, "api_key is wrong, or of an organisation that is not at %s", s.where).
			WithHint("the site of the address of your Datadog pages, such as site: datadoghq.eu")},
		{s.checkAppKey, analysis.Errorf(analysis.Denied, "app_key is wrong, or of another organisation than api_key").
			WithHint("an application key, of Organization Settings; it is not an API key")},
		{s.checkQuery, analysis.Errorf(analysis.Denied, "app_key is known, and may not query").
			WithHint("give its user or its scopes the permission timeseries_query")},
	} {
		err := step.ask(ctx)
		if errors.Is(err, analysis.Denied) {
			return s.web.Named(step.denied.Because(err))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkAPIKey asks what knows nothing but API keys.
func (s *Source) checkAPIKey(ctx context.Context) error {
	return s.get(ctx, web.Request{Path: "/api/v1/validate"}, func(a web.Answer) error {
		var got struct {
			Valid *bool `json:"valid"`
		}
		if err := s.web.Decode(a, &got); err != nil {
			return err
		}
		switch {
		case got.Valid == nil:
			return s.web.Strange("its answer is not Datadog's")
		case !*got.Valid:
			return s.web.Fail(s.web.Status(403), "")
		}
		return nil
	})
}

// checkAppKey asks what wants both keys, and no permission. A gateway that does not let
// it through tells nothing.
func (s *Source) checkAppKey(ctx context.Context) error {
	err := s.get(ctx, web.Request{Path: "/api/v2/validate_keys"}, func(a web.Answer) error {
		var got struct {
			Status string `json:"status"`
		}
		if err := s.web.Decode(a, &got); err != nil {
			return err
		}
		if got.Status != "ok" {
			return s.web.Strange("its answer is not Datadog's")
		}
		return nil
	})
	if errors.Is(err, analysis.Invalid) {
		return nil
	}
	return err
}

// checkQuery asks for one minute of a metric that nobody has. It takes of the reserve
// that is kept for it.
func (s *Source) checkQuery(ctx context.Context) error {
	end := time.Now().Truncate(time.Minute)
	w := analysis.Window{Start: end.Add(-time.Minute), End: end}
	f, wrong := parse("avg:haldane.check{*}", time.Minute)
	if wrong != nil {
		return wrong
	}
	forms := []form{f}
	return s.get(ctx, s.api.request(forms, w, time.Minute), func(a web.Answer) error {
		_, err := s.api.read(s, a, forms)
		return err
	})
}
