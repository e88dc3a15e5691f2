package property

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/appanage/appanage/internal/oid"
)

// Key encrypts secret values: 32 bytes, and the name they are known by in the database.
type Key struct {
	ID    string
	Bytes []byte
}

// Ring seals secret values with its first key, and opens what any of its keys has sealed. The zero ring does neither.
type Ring struct {
	first string
	by    map[string]cipher.AEAD
}

// NewRing makes a ring of keys, no two of one name.
func NewRing(keys []Key) (Ring, error) {
	r := Ring{by: map[string]cipher.AEAD{}}
	for _, k := range keys {
		block, err := aes.NewCipher(k.Bytes)
		if err != nil || len(k.Bytes) != 32 {
			return Ring{}, fmt.Errorf("property: the key %q has %d bytes, not 32", k.ID, len(k.Bytes))
		}
		if k.ID == "" || strings.Contains(k.ID, ":") || r.by[k.ID] != nil {
			return Ring{}, fmt.Errorf("property: the name of the key %q is empty, has a colon or comes twice", k.ID)
		}
		if r.by[k.ID], err = cipher.NewGCM(block); err != nil {
			return Ring{}, fmt.Errorf("property: the key %q: %w", k.ID, err)
		}
		if r.first == "" {
			r.first = k.ID
		}
	}
	return r, nil
}

// Seals tells whether the ring has a key to seal with.
func (r Ring) Seals() bool { return r.first != "" }

// Place is where a secret value stands. What was sealed for one place does not open in another: a row that somebody
// copies or renames in the database is no use to him.
type Place struct {
	Application oid.Application
	Client      oid.Client
	Name        string
}

func (p Place) bytes(key string) []byte {
	return []byte("appanage property 1\x00" + key + "\x00" + string(p.Application) + "\x00" + string(p.Client) + "\x00" + p.Name)
}

// errNoKey: the ring is empty.
var errNoKey = errors.New("property: no encryption key is configured")

// Seal encrypts a value for a place.
func (r Ring) Seal(p Place, value string) (string, error) {
	aead := r.by[r.first]
	if aead == nil {
		return "", errNoKey
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails: crypto/rand
	return r.first + ":" + base64.RawStdEncoding.EncodeToString(aead.Seal(nonce, nonce, []byte(value), p.bytes(r.first))), nil
}

// Open decrypts what was sealed for a place.
func (r Ring) Open(p Place, sealed string) (string, error) {
	id, text, _ := strings.Cut(sealed, ":")
	aead := r.by[id]
	if aead == nil {
		return "", fmt.Errorf("property: the encryption key %q is not configured", id)
	}
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(raw) < aead.NonceSize() {
		return "", errors.New("property: a sealed value is damaged")
	}
	value, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], p.bytes(id))
	if err != nil {
		return "", fmt.Errorf("property: a value sealed under %q does not open: it is damaged, of another place, or the key is another one", id)
	}
	return string(value), nil
}

// keyOf is the name of the key that has sealed a value.
func keyOf(sealed string) string {
	id, _, _ := strings.Cut(sealed, ":")
	return id
}
