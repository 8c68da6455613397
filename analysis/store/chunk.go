package store

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/haldane-dev/haldane/analysis"
)

// Chunk is a stretch of one query's samples: those that one look fetched.
type Chunk struct {
	Metric   string                     `json:"m"`
	Side     string                     `json:"s"` // canary | baseline
	Part     string                     `json:"p"` // value | total
	First    int                        `json:"i"` // index of the first sample in the run's grid
	Values   analysis.Values            `json:"v,omitempty"`
	Segments map[string]analysis.Values `json:"g,omitempty"` // instead of Values, of a metric with segments
	Count    int                        `json:"n,omitempty"` // of steps, where there are no Values
	Warnings []string                   `json:"w,omitempty"`
}

// Steps returns how many steps the chunk is about.
func (c *Chunk) Steps() int { return max(c.Count, len(c.Values)) }

// All returns the values by segment; of a metric without segments, by "".
func (c *Chunk) All() map[string]analysis.Values {
	if c.Segments != nil || c.Values == nil {
		return c.Segments
	}
	return map[string]analysis.Values{"": c.Values}
}

// pack writes chunks as text. Every look of a run reads all that its looks before it
// got, so reading must be cheap: a tenth of the time that JSON takes. Samples keep all
// their bits.
//
// In base64: uvarints for numbers, texts with their lengths before them, samples as 8
// bytes, little endian. A list has its length before it; lists of segments have theirs
// plus one, 0 means that there are none.
func pack(chunks []Chunk) string {
	b := binary.AppendUvarint(nil, uint64(len(chunks)))
	for i := range chunks {
		c := &chunks[i]
		b = packText(packText(packText(b, c.Metric), c.Side), c.Part)
		b = binary.AppendUvarint(b, uint64(c.First))
		b = binary.AppendUvarint(b, uint64(c.Count))
		b = packValues(b, c.Values)
		if c.Segments == nil {
			b = binary.AppendUvarint(b, 0)
		} else {
			b = binary.AppendUvarint(b, uint64(len(c.Segments))+1)
			for _, name := range slices.Sorted(maps.Keys(c.Segments)) {
				b = packValues(packText(b, name), c.Segments[name])
			}
		}
		b = binary.AppendUvarint(b, uint64(len(c.Warnings)))
		for _, w := range c.Warnings {
			b = packText(b, w)
		}
	}
	return base64.RawStdEncoding.EncodeToString(b)
}

func packText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func packValues(b []byte, values analysis.Values) []byte {
	b = binary.AppendUvarint(b, uint64(len(values)))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

// unpack reads what pack wrote, or JSON, which stood there before.
func unpack(text string) ([]Chunk, error) {
	if text != "" && text[0] == '[' {
		var chunks []Chunk
		err := fromJSON(text, &chunks)
		return chunks, err
	}
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	u := unpacker{b: b, text: string(b)}
	chunks := make([]Chunk, u.length(7))
	for i := range chunks {
		c := &chunks[i]
		c.Metric, c.Side, c.Part = u.name(), u.name(), u.name()
		c.First, c.Count = u.number(), u.number()
		c.Values = u.values()
		if n := u.length(2); n > 0 {
			c.Segments = make(map[string]analysis.Values, n-1)
			for range n - 1 {
				name := u.name()
				c.Segments[name] = u.values()
			}
		}
		for range u.length(1) {
			c.Warnings = append(c.Warnings, u.name())
		}
	}
	if u.bad || u.at < len(u.b) {
		return nil, errors.New("its samples are damaged")
	}
	return chunks, nil
}

// unpacker reads from at on; after the first mistake everything is zero.
type unpacker struct {
	b    []byte
	text string // the same: names are parts of it
	at   int
	bad  bool
}

func (u *unpacker) left() int { return len(u.b) - u.at }

func (u *unpacker) spoilt() int {
	u.at, u.bad = len(u.b), true
	return 0
}

func (u *unpacker) number() int {
	v, n := binary.Uvarint(u.b[u.at:])
	if n <= 0 || v > math.MaxInt32 {
		return u.spoilt()
	}
	u.at += n
	return int(v)
}

// length reads the length of a list whose items take so many bytes at least: more than
// fit are a mistake, not a reason to make room for them.
func (u *unpacker) length(item int) int {
	n := u.number()
	if n > u.left()/item+1 {
		return u.spoilt()
	}
	return n
}

func (u *unpacker) name() string {
	n := u.number()
	if n > u.left() {
		n = u.spoilt()
	}
	u.at += n
	return u.text[u.at-n : u.at]
}

func (u *unpacker) values() analysis.Values {
	n := u.number()
	if n > u.left()/8 {
		n = u.spoilt()
	}
	if n == 0 {
		return nil
	}
	values := make(analysis.Values, n)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(u.b[u.at:]))
		u.at += 8
	}
	return values
}
