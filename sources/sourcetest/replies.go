package sourcetest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

func refuses(e Refusal) func(*stand) reply {
	return func(s *stand) reply {
		return func(_ int, w http.ResponseWriter, r *http.Request) { s.vendor.Refuse(w, r, e) }
	}
}

// chatty repeats the request, credentials and all, in its words.
func chatty(tr Trouble) func(*stand) reply {
	return func(s *stand) reply {
		return func(_ int, w http.ResponseWriter, r *http.Request) {
			s.vendor.Refuse(w, r, Refusal{Trouble: tr, Words: "it said " + s.echo(r)})
		}
	}
}

func plain(code int, text string) func(*stand) reply {
	return func(s *stand) reply {
		return func(_ int, w http.ResponseWriter, r *http.Request) { http.Error(w, text+" "+s.echo(r), code) }
	}
}

func page(code int) func(*stand) reply {
	return func(s *stand) reply {
		return func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, "<!DOCTYPE html><html><body><h1>Gateway</h1><p>"+s.echo(r)+"</body></html>")
		}
	}
}

func bodies(list ...string) func(*stand) reply {
	return func(s *stand) reply {
		// Every body on its own must be an error, so each has its own fetch; the
		// last is left to the case.
		for _, body := range list[:len(list)-1] {
			s.replies(send(body))
			if got, err := s.fetch(s.ctx, s.query(3, time.Minute)); err == nil {
				s.Errorf("%s was taken for an answer of %d series", body, len(got))
			} else {
				s.wants(err, analysis.Unavailable, either)
			}
		}
		return send(list[len(list)-1])
	}
}

func send(body string) reply {
	return func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}
}

func breaks(*stand) reply {
	return func(int, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
}

// good records a good answer.
func (s *stand) good(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	s.answer(rec, r, Answer{Series: []analysis.Series{series(time.Minute, nil, 1, 2, 3)}})
	return rec
}

// cutOff sends half of a good answer; declared says that there would be more.
func cutOff(declared bool) func(*stand) reply {
	return func(s *stand) reply {
		return func(_ int, w http.ResponseWriter, r *http.Request) {
			rec := s.good(r)
			body := rec.Body.Bytes()
			w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
			_, _ = w.Write(body[:len(body)/2])
			if declared {
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
		}
	}
}

// huge sends a good answer and 20 MiB of white space, and wants the source to have
// stopped reading long before.
func huge(s *stand) reply {
	return func(_ int, w http.ResponseWriter, r *http.Request) {
		rec := s.good(r)
		w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
		_, err := w.Write(rec.Body.Bytes())
		block := []byte(strings.Repeat(" ", 1<<20))
		for range 20 {
			if err == nil {
				_, err = w.Write(block)
			}
		}
		if err == nil {
			s.Error("all 20 MiB were read")
		}
	}
}

func quick(s *Setup) { s.Timeout = 150 * time.Millisecond }

func hangs(s *stand) reply {
	return func(_ int, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-s.closed:
		case <-s.ctx.Done():
		}
	}
}
