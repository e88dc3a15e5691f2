package config

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// shortestSecret is the fewest characters of a secret: 32 characters of hexadecimal are 128 bits.
const shortestSecret = 32

// Keys derives the server's keys from one secret, a key for each purpose (HKDF, RFC 5869): knowing one tells
// nothing of the others.
type Keys struct{ secret []byte }

// Key is the key of 32 bytes for a purpose.
func (k Keys) Key(purpose string) []byte {
	key, err := hkdf.Key(sha256.New, k.secret, nil, "appanage/"+purpose, sha256.Size)
	if err != nil {
		panic(fmt.Sprintf("config: derive a key: %v", err)) // only for lengths over 8,160 bytes
	}
	return key
}

// NewKeys makes keys of a random secret, for as long as the process lives.
func NewKeys() Keys { return Keys{randomSecret()} }

// KeysFor gives the keys for a database: of the secret, or of the one kept beside a SQLite file, made at first. A
// database that several servers share has no such place: there the secret must be given.
func (s Secret) KeysFor(database string) (Keys, error) {
	if s.Secret != "" {
		if len(s.Secret) < shortestSecret {
			return Keys{}, fmt.Errorf("--secret: %d characters are too few, take %d or more at random", len(s.Secret), shortestSecret)
		}
		return Keys{[]byte(s.Secret)}, nil
	}
	file, ok := sqliteFile(database)
	if !ok {
		return Keys{}, errors.New("--secret (or APPANAGE_SECRET) is needed with this database: the same on all its servers, 32 random characters or more, such as `openssl rand -hex 32` prints")
	}
	return keptKeys(file + ".key")
}

// keptKeys reads the file, or makes it: complete, or not at all, also when two servers start at once.
func keptKeys(path string) (Keys, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := writeOnce(path, base64.RawURLEncoding.EncodeToString(randomSecret())+"\n"); err != nil {
			return Keys{}, fmt.Errorf("keep a new key: %w", err)
		}
		raw, err = os.ReadFile(path)
	}
	if err != nil {
		return Keys{}, fmt.Errorf("read the key: %w", err)
	}
	text := strings.TrimSpace(string(raw))
	if len(text) < shortestSecret {
		return Keys{}, fmt.Errorf("the key in %s is damaged: restore it, or delete it to have a new one made (open pages then lose their place)", path)
	}
	return Keys{[]byte(text)}, nil
}

// writeOnce makes a file that only its owner reads. When another process is first, its file stays.
func writeOnce(path, content string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func randomSecret() []byte {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails: crypto/rand
	return secret
}
