package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/haldane-dev/haldane/analysis"
)

// FuzzSign signs anything at all. The library that receivers use takes it, with any of
// the keys while there are two; and it takes neither another body, id or time, nor a
// signature by another key.
func FuzzSign(f *testing.F) {
	f.Add("dlv_1", int64(1_772_593_500), []byte(`{"type":"run.failed"}`), []byte("the first key"), []byte("the second"), uint16(3))
	f.Add("a.1 v1,x", int64(-1), []byte{}, []byte{}, []byte{0xff}, uint16(0))
	f.Add("", int64(1)<<40, []byte("\r\n."), []byte("k"), []byte("k"), uint16(9))
	f.Fuzz(func(t *testing.T, id string, at int64, body, one, two []byte, flip uint16) {
		keys := [][]byte{lengthened(one), lengthened(two)}
		h := http.Header{}
		sign(h, id, time.Unix(at, 0), body, keys)
		stamp := strconv.FormatInt(at, 10)
		if h.Get("webhook-id") != id || h.Get("webhook-timestamp") != stamp {
			t.Fatalf("headers %q", h)
		}
		var want []string
		for _, key := range keys {
			mac := hmac.New(sha256.New, key)
			mac.Write(slices.Concat([]byte(id+"."+stamp+"."), body))
			want = append(want, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		}
		if got := h.Get("webhook-signature"); got != strings.Join(want, " ") {
			t.Fatalf("signature %q, want %q", got, want)
		}
		for _, key := range keys {
			verify := verifier(t, key)
			if id != "" && !verify(body, h) {
				t.Fatal("the receiver's library refuses it")
			}
			if verify(append(slices.Clone(body), byte(flip)), h) {
				t.Fatal("a longer body is taken")
			}
			if len(body) > 0 {
				other := slices.Clone(body)
				other[int(flip)%len(other)] ^= 1 << (flip % 8)
				if verify(other, h) || verify(body[:len(body)-1], h) {
					t.Fatal("another body is taken")
				}
			}
			for name, value := range map[string]string{"webhook-id": id + "x", "webhook-timestamp": strconv.FormatInt(at^1, 10)} {
				other := h.Clone()
				other.Set(name, value)
				if verify(body, other) {
					t.Fatalf("another %s is taken", name)
				}
			}
		}
		stranger := slices.Concat(keys[0][1:], []byte{keys[0][0] ^ 0x55})
		if !slices.ContainsFunc(keys, func(k []byte) bool { return bytes.Equal(k, stranger) }) && verifier(t, stranger)(body, h) {
			t.Fatal("a receiver with another key takes it")
		}
	})
}

// verifier is the library that receivers use, with a key.
func verifier(t *testing.T, key []byte) func(body []byte, h http.Header) bool {
	t.Helper()
	lib, err := standardwebhooks.NewWebhookRaw(key)
	if err != nil {
		t.Fatal(err)
	}
	return func(body []byte, h http.Header) bool { return lib.VerifyIgnoringTimestamp(body, h) == nil }
}

// lengthened is a key of any bytes, in a size that is allowed. It does not end in zeros,
// which HMAC adds to keys by itself.
func lengthened(key []byte) []byte {
	out := append(slices.Clone(key[:min(len(key), mostKey-1)]), 1)
	for len(out) < leastKey {
		out = append(out, byte(len(out)))
	}
	return out
}

// FuzzSigningKey reads anything at all as a secret: what is taken is a key of the size
// that the specification wants, and the one that receivers see in it; what is not taken
// is not quoted.
func FuzzSigningKey(f *testing.F) {
	for _, seed := range []string{
		"whsec_c2VjcmV0LW9mLXRoZS1ob29rLTEyMzQ1Njc4OTA=", "whsec_c2VjcmV0LW9mLXRoZS1ob29rLTEyMzQ1Njc4OTA", "whsec_", "whsec_====",
		"secret", "whsec_c2Vj\ncmV0LW9mLXRoZS1ob29rLTEyMzQ1Njc4OTA=", "whsec_\xff", "whsec_whsec_" + strings.Repeat("A", 90),
	} {
		f.Add(seed)
	}
	said := func(err error) string { return regexp.MustCompile("[0-9]+").ReplaceAllString(err.Error(), "N") }
	var reasons []string // all that there are
	for _, wrong := range []string{"no", "whsec_!", "whsec_"} {
		_, err := signingKey(wrong)
		reasons = append(reasons, said(err))
	}
	f.Fuzz(func(t *testing.T, secret string) {
		key, err := signingKey(secret)
		if err != nil {
			if key != nil || analysis.KindOf(err) != analysis.Invalid || !slices.Contains(reasons, said(err)) {
				t.Fatalf("key %x, error %v", key, err)
			}
			return
		}
		if len(key) < leastKey || len(key) > mostKey {
			t.Fatalf("%d bytes", len(key))
		}
		if lib, err := standardwebhooks.NewWebhook(secret); err == nil {
			h := http.Header{}
			sign(h, "dlv_1", time.Unix(1, 0), []byte("body"), [][]byte{key})
			if err := lib.VerifyIgnoringTimestamp([]byte("body"), h); err != nil {
				t.Fatalf("the receiver's library sees another key in it: %v", err)
			}
		}
	})
}
