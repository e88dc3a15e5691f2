package hub

import (
	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/property"
)

// Ring is the ring of the configured keys, for secret values.
func Ring(keys []config.EncryptionKey) (property.Ring, error) {
	list := make([]property.Key, len(keys))
	for i, k := range keys {
		list[i] = property.Key{ID: k.ID, Bytes: k.Bytes}
	}
	return property.NewRing(list)
}
