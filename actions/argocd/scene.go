package argocd

import (
	"context"
	"net/url"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// scene is one application, and the versions as they are written.
type scene struct {
	who, path, query            string
	name, appNamespace, project string
	from, to                    string
	data                        config.MessageData
}

// where finds out which application a delivery is about.
func (a *Action) where(d analysis.Delivery) (*scene, error) {
	target, err := web.Target(d)
	if err != nil {
		return nil, err
	}
	s := &scene{data: config.NewMessageData(d)}
	for _, n := range []struct {
		name web.Name
		into *string
	}{{a.parts.application, &s.name}, {a.parts.appNamespace, &s.appNamespace}, {a.parts.project, &s.project}, {a.parts.version, &s.to}} {
		if *n.into, err = n.name.Of(s.data); err != nil {
			return nil, err
		}
	}
	if s.from, err = a.parts.version.Left(s.data, target); err != nil {
		return nil, err
	}
	s.who = a.client.Who() + ": application " + s.name
	if s.path, err = web.Path("api", "v1", "applications", s.name); err != nil {
		return nil, err
	}
	q := url.Values{}
	if s.appNamespace != "" {
		q.Set("appNamespace", s.appNamespace)
	}
	if s.project != "" {
		q.Set("project", s.project)
	}
	s.query = q.Encode()
	return s, nil
}

// get reads the application.
func (a *Action) get(ctx context.Context, s *scene) (application, error) {
	var app application
	path := s.path
	if s.query != "" {
		path += "?" + s.query
	}
	answer, err := a.client.Send(ctx, web.Request{Path: path})
	if err != nil {
		return app, err
	}
	if err := answer.JSON(&app); err != nil {
		return app, err
	}
	if app.Metadata.Name != s.name {
		return app, answer.Nonsense()
	}
	return app, nil
}
