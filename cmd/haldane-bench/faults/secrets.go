package faults

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// secrets are planted: no log may ever hold one.
type secrets struct{ api, metrics, database, signing string }

func plant(rng *rand.Rand) secrets {
	word := func() string {
		b := make([]byte, 24)
		for i := range b {
			b[i] = byte(rng.UintN(256))
		}
		return hex.EncodeToString(b)
	}
	return secrets{api: "api" + word(), metrics: "prom" + word(), database: "db" + word(), signing: word()}
}

// key is the signing secret as the receiver uses it, and hookSecret as the config has it.
func (s secrets) key() []byte { return []byte(s.signing) }

func (s secrets) hookSecret() string { return "whsec_" + base64.StdEncoding.EncodeToString(s.key()) }

func (s secrets) apiHash() string {
	sum := sha256.Sum256([]byte(s.api))
	return hex.EncodeToString(sum[:])
}

// named returns what must not be seen, by what it is.
func (s secrets) named() map[string]string {
	return map[string]string{
		"the API's token": s.api, "the metric store's token": s.metrics, "the database's password": s.database,
		"the webhook's secret": s.hookSecret()[len("whsec_"):],
	}
}

// leaks looks for the secrets in every log of a folder. Nothing to look at is an error.
func (s secrets) leaks(dir string) (found []string, read int64, err error) {
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		return nil, 0, err
	}
	for _, name := range logs {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, 0, err
		}
		read += int64(len(text))
		for what, secret := range s.named() {
			if bytes.Contains(text, []byte(secret)) {
				found = append(found, fmt.Sprintf("%s is in %s", what, filepath.Base(name)))
			}
		}
	}
	if read == 0 {
		return nil, 0, fmt.Errorf("no logs in %s", dir)
	}
	return found, read, nil
}
