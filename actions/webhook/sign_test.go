package webhook_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/haldane-dev/haldane/actions/actiontest"
	"github.com/haldane-dev/haldane/actions/webhook"
	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

const oldSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDC2FVsBQIhrs="

// TestSignature checks a signature with the library that receivers use, and once
// more by the specification's own words.
func TestSignature(t *testing.T) {
	base, got := receiver(t)
	a := open(t, settings(base, func(s *webhook.Settings) {
		s.Secret = webhook.SigningSecrets{config.NewSecret(signingSecret)}
	}))
	if _, err := a.Perform(t.Context(), actiontest.Delivery(1)); err != nil {
		t.Fatal(err)
	}
	r := (*got)[0]
	lib, err := standardwebhooks.NewWebhook(signingSecret)
	if err != nil {
		t.Fatal(err)
	}
	if err := lib.Verify(r.body, r.Header); err != nil {
		t.Errorf("the receiver's library refuses it: %v", err)
	}
	if err := lib.Verify(append(r.body, ' '), r.Header); err == nil {
		t.Error("the receiver's library takes a changed body")
	}

	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(signingSecret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(r.Header.Get("webhook-id") + "." + r.Header.Get("webhook-timestamp") + "." + string(r.body)))
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Header.Get("webhook-signature") != want {
		t.Errorf("signature %q, want %q", r.Header.Get("webhook-signature"), want)
	}
	stamp, err := strconv.ParseInt(r.Header.Get("webhook-timestamp"), 10, 64)
	if age := time.Since(time.Unix(stamp, 0)); err != nil || age < -time.Minute || age > time.Minute {
		t.Errorf("timestamp %q is not this attempt's", r.Header.Get("webhook-timestamp"))
	}
}

// TestRotation: while two secrets are set, receivers that know either are content.
func TestRotation(t *testing.T) {
	base, got := receiver(t)
	a := open(t, settings(base, func(s *webhook.Settings) {
		s.Secret = webhook.SigningSecrets{config.NewSecret(signingSecret), config.NewSecret(oldSecret)}
	}))
	if _, err := a.Perform(t.Context(), actiontest.Delivery(1)); err != nil {
		t.Fatal(err)
	}
	r := (*got)[0]
	for _, secret := range []string{signingSecret, oldSecret} {
		lib, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := lib.Verify(r.body, r.Header); err != nil {
			t.Errorf("a receiver with one of the secrets refuses it: %v", err)
		}
	}
	if n := len(strings.Fields(r.Header.Get("webhook-signature"))); n != 2 {
		t.Errorf("%d signatures, want 2", n)
	}
	other, _ := standardwebhooks.NewWebhookRaw(bytes.Repeat([]byte{1}, 32))
	if other.Verify(r.body, r.Header) == nil {
		t.Error("a receiver with another secret takes it")
	}
}

// TestUnsigned: without a secret there is no signature, and the rest is there.
func TestUnsigned(t *testing.T) {
	base, got := receiver(t)
	if _, err := open(t, settings(base)).Perform(t.Context(), actiontest.Delivery(1)); err != nil {
		t.Fatal(err)
	}
	h := (*got)[0].Header
	if h.Get("webhook-signature") != "" || h.Get("webhook-id") == "" || h.Get("webhook-timestamp") == "" {
		t.Errorf("headers %v, want an id and a timestamp and no signature", h)
	}
}

// TestRepeat: every attempt sends the same bytes, also when the delivery went
// through the store meanwhile.
func TestRepeat(t *testing.T) {
	base, got := receiver(t)
	a := open(t, settings(base))
	d := actiontest.Delivery(1)
	somewhere := time.FixedZone("somewhere", 3600)
	d.Event.At = d.Event.At.Add(456_789 * time.Nanosecond).In(somewhere)
	d.ExpiresAt = d.ExpiresAt.Add(456_789 * time.Nanosecond).In(somewhere)
	if _, err := a.Perform(t.Context(), d); err != nil {
		t.Fatal(err)
	}

	again := d
	again.Attempts, again.Event.At = 2, time.UnixMilli(d.Event.At.UnixMilli())
	again.ExpiresAt = time.UnixMilli(d.ExpiresAt.UnixMilli())
	stored, err := json.Marshal(d.Event.Notice)
	if err != nil {
		t.Fatal(err)
	}
	again.Event.Notice = &analysis.Notice{}
	if err := json.Unmarshal(stored, again.Event.Notice); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Perform(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	if first, second := (*got)[0].body, (*got)[1].body; !bytes.Equal(first, second) {
		t.Errorf("the repeat differs\nfirst  %s\nsecond %s", first, second)
	}
}
