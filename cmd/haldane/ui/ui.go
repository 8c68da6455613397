// Package ui is the face for people: pages that show what was recorded, made on
// the server without scripts. It changes nothing. It reads through the ports of
// package analysis and imports nothing else of the house.
//
// Start reading at ui.go; the pages are in pages/.
package ui

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// Deps are the parts of the house that the pages show.
type Deps struct {
	Reader  analysis.Reader
	Samples analysis.SampleReader // for pictures; nil: there are none
	Plans   analysis.Plans
	Banner  func() string // what every page says first; "" for nothing
	Log     *slog.Logger
	Version string
}

// Pages serves all pages.
type Pages struct {
	deps  Deps
	pages map[string]*template.Template
	style []byte
	tag   string // of the style sheet, so that browsers keep it until it changes
}

//go:embed pages
var files embed.FS

// New reads the pages, which are part of the program: it panics when one is broken.
func New(d Deps) *Pages {
	style, err := files.ReadFile("pages/style.css")
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(style)
	p := &Pages{deps: d, pages: map[string]*template.Template{}, style: style, tag: hex.EncodeToString(sum[:6])}
	for _, name := range []string{"runs.html", "run.html", "error.html"} {
		p.pages[name] = template.Must(template.New(name).Funcs(words).ParseFS(files, "pages/frame.html", "pages/"+name))
	}
	return p
}

// Serve answers one request of a reader who may see some plans.
func (p *Pages) Serve(w http.ResponseWriter, r *http.Request, scope analysis.Scope) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		p.fail(w, http.StatusMethodNotAllowed, "Pages can only be read.")
		return
	}
	id, isRun := strings.CutPrefix(r.URL.Path, "/runs/")
	drawn, isPicture := strings.CutSuffix(id, "/"+pictureName)
	switch {
	case r.URL.Path == "/style.css":
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		_, _ = w.Write(p.style)
	case r.URL.Path == "/":
		p.runs(w, r, scope)
	case isRun && id != "" && !strings.Contains(id, "/"):
		p.run(w, r, id, scope)
	case isRun && isPicture && p.deps.Samples != nil && drawn != "" && !strings.Contains(drawn, "/"):
		p.picture(w, r, drawn, scope)
	default:
		p.fail(w, http.StatusNotFound, "There is no such page.")
	}
}

// frame is what every page shows around its own part.
type frame struct {
	Title   string
	Banner  string
	Style   string
	Version string
	Now     time.Time
	Refresh int // seconds, 0 for never
	Page    any
}

func (p *Pages) show(w http.ResponseWriter, status int, name string, f frame) {
	f.Banner, f.Style, f.Version, f.Now = p.deps.Banner(), "/style.css?"+p.tag, p.deps.Version, time.Now().UTC()
	var out bytes.Buffer
	if err := p.pages[name].ExecuteTemplate(&out, "frame.html", f); err != nil {
		p.deps.Log.Error("a page could not be made; this is a bug, please report it", "page", name, "error", err)
		http.Error(w, "this page could not be made: look into Haldane's log", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w)
}

func (p *Pages) fail(w http.ResponseWriter, status int, text string) {
	p.show(w, status, "error.html", frame{Title: http.StatusText(status), Page: text})
}

// trouble shows an error of the house.
func (p *Pages) trouble(w http.ResponseWriter, err error) {
	if errors.Is(err, analysis.NotFound) {
		p.fail(w, http.StatusNotFound, "There is no such run.")
		return
	}
	p.deps.Log.Error("a page could not be read", "error", err)
	p.fail(w, http.StatusServiceUnavailable, "The database does not answer: "+analysis.AsError(err).Message)
}

type runsPage struct {
	Runs  []analysis.Run
	Holds []analysis.Hold
	Plans int
	Older string // query of the next page, "" when there is none
}

func (p *Pages) runs(w http.ResponseWriter, r *http.Request, scope analysis.Scope) {
	q := r.URL.Query()
	all, next, err := p.deps.Reader.Runs(r.Context(), analysis.RunFilter{
		Plan: q.Get("plan"), Service: q.Get("service"), Environment: q.Get("environment"), Cursor: q.Get("cursor"), Limit: 50,
		Scope: scope,
	})
	if err != nil {
		p.trouble(w, err)
		return
	}
	page, plans := runsPage{Runs: all}, p.deps.Plans.Plans()
	for i := range plans {
		if scope.Has(plans[i].Name) {
			page.Plans++
		}
	}
	if next != "" {
		q.Set("cursor", next)
		page.Older = "?" + q.Encode()
	}
	holds, err := p.deps.Reader.Holds(r.Context())
	if err != nil {
		p.trouble(w, err)
		return
	}
	for _, h := range holds {
		if h.Concerns(plans, scope) {
			page.Holds = append(page.Holds, h)
		}
	}
	p.show(w, http.StatusOK, "runs.html", frame{Title: "Runs", Page: page, Refresh: 15})
}

type runPage struct {
	Run        analysis.Run
	Looks      []analysis.Look
	Last       *analysis.Look
	Gaps       string // which looks are not kept any more
	Pictures   []picture
	Events     []analysis.Event
	Deliveries []analysis.Delivery
}

func (p *Pages) run(w http.ResponseWriter, r *http.Request, id string, scope analysis.Scope) {
	page, err := p.read(r.Context(), id)
	if err == nil && !scope.Has(page.Run.Plan) {
		err = analysis.Errorf(analysis.NotFound, "run %s: not found", id)
	}
	if err != nil {
		p.trouble(w, err)
		return
	}
	f := frame{Title: page.Run.Service + " " + page.Run.Version, Page: page}
	if !page.Run.Status.Ended() || page.Run.Rollback.State == analysis.RollbackSending {
		f.Refresh = 5
	}
	p.show(w, http.StatusOK, "run.html", f)
}

func (p *Pages) read(ctx context.Context, id string) (page runPage, err error) {
	if page.Run, err = p.deps.Reader.Run(ctx, id); err != nil {
		return page, err
	}
	if page.Looks, err = p.deps.Reader.Looks(ctx, id); err != nil {
		return page, err
	}
	page.Gaps = page.Run.Gaps(len(page.Looks))
	if n := len(page.Looks); n > 0 {
		page.Last = &page.Looks[n-1]
		page.Pictures = p.pictures(&page)
	}
	if page.Events, err = p.deps.Reader.Events(ctx, id); err != nil {
		return page, err
	}
	page.Deliveries, err = p.deps.Reader.Deliveries(ctx, id)
	return page, err
}
