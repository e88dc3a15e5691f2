package config

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// Encryption has the keys that secret values are encrypted with in the database.
type Encryption struct {
	EncryptionKey []string `help:"Key that secret properties are encrypted with: a name, a colon, and 32 bytes in base64; may be given many times. The first encrypts, all decrypt: see admin rotate-keys. Without any, a server on SQLite derives one from its secret; other servers refuse secret properties." placeholder:"NAME:BASE64"`
}

// EncryptionKey is one of them.
type EncryptionKey struct {
	ID    string
	Bytes []byte
}

var keyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$`)

// keptKey begins the name of the key that a server on SQLite derives.
const keptKey = "kept-"

// EncryptionKeys gives the keys for a database, the encrypting one first. On SQLite the key derived from the server's
// secret is the last of them: what it has encrypted before there was another one still opens. kept is asked for the
// secret on SQLite only.
func (e Encryption) EncryptionKeys(database string, kept func() (Keys, error)) ([]EncryptionKey, error) {
	var list []EncryptionKey
	seen := map[string]bool{}
	for _, text := range e.EncryptionKey {
		name, encoded, _ := strings.Cut(text, ":")
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
		switch {
		case !keyName.MatchString(name) || strings.HasPrefix(name, keptKey):
			return nil, fmt.Errorf("--encryption-key: a key is NAME:BASE64; the name is 1 to 32 letters, digits, dots, dashes and underscores, and does not begin with %q", keptKey)
		case seen[name]:
			return nil, fmt.Errorf("--encryption-key: two keys have the name %q", name)
		case err != nil || len(raw) != 32:
			return nil, fmt.Errorf("--encryption-key: the key %q is not 32 bytes in base64, such as `openssl rand -base64 32` prints", name)
		}
		seen[name] = true
		list = append(list, EncryptionKey{name, raw})
	}
	if _, ok := sqliteFile(database); !ok {
		return list, nil
	}
	keys, err := kept()
	if err != nil {
		return nil, err
	}
	return append(list, keys.encryption()), nil
}

// encryption is the key derived from the secret. Its name tells one secret from another.
func (k Keys) encryption() EncryptionKey {
	derived := k.Key("properties")
	name := sha256.Sum256(append([]byte("name of "), derived...))
	return EncryptionKey{keptKey + hex.EncodeToString(name[:4]), derived}
}
