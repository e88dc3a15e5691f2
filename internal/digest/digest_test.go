package digest_test

import (
	"testing"

	"github.com/appanage/appanage/internal/digest"
)

// No two lists of texts, and no two keys, have one digest; the same ones always have the same.
func TestMACTellsListsApart(t *testing.T) {
	key := []byte("key")
	seen := map[string]int{}
	for i, parts := range [][]string{nil, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"a", "b", ""}, {"a,1:b"}, {"1:a", "b"}, {"b", "a"}} {
		mac := digest.MAC(key, parts...)
		if other, had := seen[mac]; had {
			t.Errorf("lists %d and %d have one digest", other, i)
		}
		seen[mac] = i
		if mac != digest.MAC(key, parts...) || mac == digest.MAC([]byte("other key"), parts...) || len(mac) != 64 {
			t.Errorf("list %d: %s", i, mac)
		}
	}
}
