package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

// The size of a signing key by the Standard Webhooks specification.
const (
	leastKey = 24
	mostKey  = 64
)

// signingKey reads a secret as Standard Webhooks writes them. The error quotes
// nothing of it.
func signingKey(secret string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(secret, "whsec_")
	if !ok {
		return nil, analysis.Errorf(analysis.Invalid, "does not begin with whsec_").
			WithHint(`echo "whsec_$(openssl rand -base64 32)"`)
	}
	key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		return nil, analysis.Errorf(analysis.Invalid, "not base64 after whsec_").
			WithHint(`echo "whsec_$(openssl rand -base64 32)"`)
	}
	if len(key) < leastKey || len(key) > mostKey {
		return nil, analysis.Errorf(analysis.Invalid, "holds %d bytes, not %d to %d", len(key), leastKey, mostKey).
			WithHint(`echo "whsec_$(openssl rand -base64 32)"`)
	}
	return key, nil
}

// sign adds the headers of Standard Webhooks. The id is the delivery's and stays
// the same; the timestamp, and with it the signature, is this attempt's, so that
// receivers can refuse old requests that somebody sends again. Several keys give
// several signatures, so that a receiver may know the old one or the new.
func sign(h http.Header, id string, at time.Time, body []byte, keys [][]byte) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", stamp)
	var signatures []string
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + stamp + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	if len(signatures) > 0 {
		h.Set("webhook-signature", strings.Join(signatures, " "))
	}
}
