package slack

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Listen implements analysis.Listener: it does what the buttons ask for, one after the
// other, until ctx ends. Without buttons there is nothing to listen to. Trouble with
// Slack is waited out; an error is what needs the operator.
func (a *Action) Listen(ctx context.Context, w analysis.Writer) error {
	if a.settings.Interactive == "" {
		return nil
	}
	box, leave := a.desk.join(a.name)
	defer leave()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	over := make(chan struct{})
	var failed error
	if a.settings.Interactive == overSocket {
		go func() {
			defer close(over)
			failed = a.socket(ctx)
		}()
		defer func() { // not before the socket is closed
			cancel()
			<-over
		}()
	}
	for {
		select {
		case p := <-box:
			a.handle(ctx, w, p)
		case <-over:
			leave()
			a.rest(ctx, w, box)
			return failed
		case <-ctx.Done():
			leave()
			a.rest(ctx, w, box)
			return nil
		}
	}
}

// rest does what was asked for before the end.
func (a *Action) rest(ctx context.Context, w analysis.Writer, box <-chan press) {
	for {
		select {
		case p := <-box:
			a.handle(ctx, w, p)
		default:
			return
		}
	}
}

// socket keeps a connection of Socket Mode and hands over what comes in.
func (a *Action) socket(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	client := socketmode.New(a.api, socketmode.OptionDialer(a.dialer()), socketmode.OptionLog(log.New(io.Discard, "", 0)))
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = client.RunContext(ctx) // it ends with ctx; what goes wrong comes as an event
	}()
	for {
		select {
		case e := <-client.Events:
			if err := a.event(ctx, client, e); err != nil {
				cancel(err)
			}
		case <-over:
			if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
				return err
			}
			if ctx.Err() != nil {
				return nil
			}
			return analysis.Errorf(analysis.Unavailable, "%s: the connection for its buttons has ended", a.who)
		}
	}
}

// event looks at one thing that happened on the socket. An error ends it.
func (a *Action) event(ctx context.Context, client *socketmode.Client, e socketmode.Event) error {
	if !acknowledged(ctx, client, e.Request) {
		return nil // the connection is going away, and Slack will say it again
	}
	switch data := e.Data.(type) {
	case *socketmode.ConnectedEvent:
		a.log.Info("listening to buttons", "action", a.who)
	case *slack.ConnectionErrorEvent:
		err := config.Unreachable(a.who, data.ErrorObj)
		if err.Kind == analysis.Denied || err.Kind == analysis.Invalid || err.Kind == analysis.NotFound {
			return err
		}
		a.log.Warn("no connection to Slack for buttons", "action", a.who, "error", err.Message, "again_in", data.Backoff.String())
	case slack.InteractionCallback:
		if p, ok := pressOf(&data); ok && !a.desk.pass(p) {
			a.whisper(ctx, p, "Nothing was changed: action "+p.action+" is not in the config any more, or has too much to do. Use the run's page, or try again.")
		}
	}
	return nil
}

// acknowledged tells Slack that something has arrived, where it wants to know.
func acknowledged(ctx context.Context, client *socketmode.Client, r *socketmode.Request) bool {
	return r == nil || r.EnvelopeID == "" || client.AckCtx(ctx, r.EnvelopeID, nil) == nil
}

// dialer connects only where Egress lets it, as everything else does.
func (a *Action) dialer() *websocket.Dialer {
	d := &websocket.Dialer{HandshakeTimeout: a.settings.Timeout.Std(), Proxy: http.ProxyFromEnvironment}
	if t, ok := a.plain.Transport.(*http.Transport); ok {
		d.NetDialContext, d.Proxy = t.DialContext, t.Proxy
	}
	return d
}
