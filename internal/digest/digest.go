// Package digest makes keyed digests: of what is to be recognised again, and not to be read from the database.
package digest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// MAC is the HMAC-SHA-256 over texts, in hexadecimal. Each text goes in with its length, so that no two lists of texts
// pass for one another.
func MAC(key []byte, parts ...string) string {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s,", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}
