package store

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"strings"
	"sync"
)

// squeeze encodes a verdict. Every look has one, its findings resemble each other, and
// they are most of what a run leaves behind: it is compressed, in base64, as text columns
// want text. What was written before that begins with a brace.
func squeeze(v any) string {
	var b bytes.Buffer
	w := squeezers.Get().(*flate.Writer)
	defer squeezers.Put(w)
	w.Reset(&b)
	_, err := io.WriteString(w, toJSON(v))
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic("store: " + err.Error()) // memory takes all that is written to it
	}
	return base64.RawStdEncoding.EncodeToString(b.Bytes())
}

// mostSqueezed bounds what a damaged row can unfold to.
const mostSqueezed = 64 << 20

// unsqueeze decodes what squeeze wrote.
func unsqueeze(text string, v any) error {
	if strings.HasPrefix(text, "{") {
		return fromJSON(text, v)
	}
	r := flate.NewReaderDict(base64.NewDecoder(base64.RawStdEncoding, strings.NewReader(text)), []byte(usual))
	plain, err := io.ReadAll(io.LimitReader(r, mostSqueezed))
	if err != nil {
		return err
	}
	return fromJSON(string(plain), v)
}

// usual is what verdicts have in common. It must never change: rows refer to it.
const usual = `","queries":{"canary":"sum(increase(","baseline":"","canary_total":"","baseline_total":"` +
	`"}],"warnings":["","link":"http://","unit":"absolute","evidence":"-Inf","outcome":"pass","outcome":"fail",` +
	`{"outcome":"continue","score":100,"reason":"no decision yet: 1 metric judged, none bad","groups":[{"name":"","score":100,"weight":1,"no_data":false}],` +
	`"findings":[{"metric":"","segment":"","group":"","critical":true,"class":"pass","bad":false,"effect":0.0,"interval":[-0.0,0.0],` +
	`"evidence":0.0,"seen":0,"expected":0,"since":1,"samples":{"canary":100,"baseline":100},"reason":"`

var squeezers = sync.Pool{New: func() any {
	w, err := flate.NewWriterDict(nil, 3, []byte(usual))
	if err != nil {
		panic("store: " + err.Error()) // the level is one of its own
	}
	return w
}}
