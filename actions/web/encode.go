package web

import (
	"bytes"
	"encoding/json"

	"github.com/haldane-dev/haldane/analysis"
)

// Encode writes a body as JSON. HTML needs no escaping: it goes to a program, which
// counts its bytes.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, analysis.Errorf(analysis.Internal, "a request cannot be written").Because(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
