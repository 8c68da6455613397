package grafana

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/haldane-dev/haldane/actions/web"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// Action marks runs in one Grafana.
type Action struct {
	parts  parts
	client *web.Client
	words  *config.Composer
}

var (
	_ analysis.Action  = (*Action)(nil)
	_ analysis.Checker = (*Action)(nil)
)

// refID is the annotation's id in the receipts of its run.
const refID = "annotation"

// Perform implements analysis.Action. The first delivery of a run makes the
// annotation; each later one makes it longer and says how the run stands.
func (a *Action) Perform(ctx context.Context, d analysis.Delivery) (analysis.Receipt, error) {
	mark, err := a.draw(d, a.words.Compose(d))
	if err != nil {
		return analysis.Receipt{}, err
	}
	id := earlier(d.Earlier)
	if id == 0 && d.Attempts > 1 {
		if id, err = a.find(ctx, d); err != nil {
			return analysis.Receipt{}, err
		}
	}
	said := "annotation changed"
	if id != 0 {
		gone, err := a.change(ctx, d, id, mark)
		if err != nil {
			return analysis.Receipt{}, err
		}
		if gone {
			id = 0
		}
	}
	if id == 0 {
		said = "annotation made"
		if id, err = a.create(ctx, d, mark); err != nil {
			return analysis.Receipt{}, err
		}
	}
	return analysis.Receipt{At: time.Now(), Text: said, Done: true, Refs: map[string]string{refID: strconv.FormatInt(id, 10)}}, nil
}

// earlier finds the annotation of a run in its receipts; 0 when there is none.
func earlier(receipts []analysis.Receipt) int64 {
	for _, r := range slices.Backward(receipts) {
		if id, err := strconv.ParseInt(r.Refs[refID], 10, 64); err == nil && id > 0 {
			return id
		}
	}
	return 0
}

// create makes an annotation and returns its id.
func (a *Action) create(ctx context.Context, d analysis.Delivery, mark annotation) (int64, error) {
	body, err := web.Encode(mark)
	if err != nil {
		return 0, err
	}
	answer, err := a.client.Send(ctx, web.Request{Method: http.MethodPost, Path: "/api/annotations", Body: body, Mark: d.ID})
	if err != nil {
		return 0, err
	}
	var made struct {
		ID int64 `json:"id"`
	}
	if err := answer.JSON(&made); err != nil {
		return 0, err
	}
	if made.ID <= 0 {
		return 0, answer.Nonsense()
	}
	return made.ID, nil
}

// change writes an annotation anew. Where it begins stays. One that somebody has
// deleted is gone.
func (a *Action) change(ctx context.Context, d analysis.Delivery, id int64, mark annotation) (gone bool, err error) {
	mark.Time, mark.DashboardUID = 0, ""
	if mark.TimeEnd == 0 {
		mark.TimeEnd = d.Event.At.UnixMilli()
	}
	body, err := web.Encode(mark)
	if err != nil {
		return false, err
	}
	_, err = a.client.Send(ctx, web.Request{Method: http.MethodPatch, Path: "/api/annotations/" + strconv.FormatInt(id, 10), Body: body, Mark: d.ID})
	if analysis.KindOf(err) == analysis.NotFound {
		return true, nil
	}
	return false, err
}

// find looks for the annotation that an earlier attempt made before its answer got
// lost.
func (a *Action) find(ctx context.Context, d analysis.Delivery) (int64, error) {
	q := url.Values{"tags": {"haldane", own(d)}, "limit": {"2"}, "type": {"annotation"}}
	list, err := a.list(ctx, q)
	for _, one := range list {
		if slices.Contains(one.Tags, own(d)) {
			return one.ID, nil
		}
	}
	return 0, err
}

// found is an annotation in Grafana's list.
type found struct {
	ID   int64    `json:"id"`
	Tags []string `json:"tags"`
}

func (a *Action) list(ctx context.Context, q url.Values) ([]found, error) {
	answer, err := a.client.Send(ctx, web.Request{Path: "/api/annotations?" + q.Encode()})
	if err != nil {
		return nil, err
	}
	var list []found
	if err := answer.JSON(&list); err != nil {
		return nil, err
	}
	return list, nil
}

// Check implements analysis.Checker: the token may read annotations. Whether it may
// write them, only writing can tell.
func (a *Action) Check(ctx context.Context) error {
	_, err := a.list(ctx, url.Values{"tags": {"haldane"}, "limit": {"1"}})
	return err
}
