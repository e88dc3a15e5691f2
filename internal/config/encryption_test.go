package config_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/config"
)

// domain 6.3: secrets are encrypted with a key from the configuration; on SQLite with one derived from the secret kept.
func TestEncryptionKeys(t *testing.T) {
	raw := strings.Repeat("k", 32)
	key := base64.StdEncoding.EncodeToString([]byte(raw))
	kept := func() (config.Keys, error) { return config.NewKeys(), nil }
	none := func() (config.Keys, error) { return config.Keys{}, errors.New("asked for the secret") }
	for name, c := range map[string]struct {
		flags    []string
		database string
		kept     func() (config.Keys, error)
		want     []string // names
		wrong    string   // a word of the error
	}{
		"none, shared database":   {nil, "mysql://u@h/d", none, nil, ""},
		"two, shared database":    {[]string{"new:" + key, "old-1._:" + key}, "mysql://u@h/d", none, []string{"new", "old-1._"}, ""},
		"none, SQLite":            {nil, "sqlite:x.db", kept, []string{"kept-"}, ""},
		"one, SQLite":             {[]string{"new:" + key}, "sqlite:x.db", kept, []string{"new", "kept-"}, ""},
		"SQLite without a secret": {nil, "sqlite:x.db", none, nil, "secret"},
		"without a name":          {[]string{key}, "mysql://u@h/d", none, nil, "--encryption-key"},
		"an empty name":           {[]string{":" + key}, "mysql://u@h/d", none, nil, "--encryption-key"},
		"a name kept back":        {[]string{"kept-1:" + key}, "mysql://u@h/d", none, nil, "kept-"},
		"a name twice":            {[]string{"a:" + key, "a:" + key}, "mysql://u@h/d", none, nil, "two keys"},
		"31 bytes":                {[]string{"a:" + base64.StdEncoding.EncodeToString([]byte(raw[1:]))}, "mysql://u@h/d", none, nil, "32 bytes"},
		"no base64":               {[]string{"a:" + raw + "!"}, "mysql://u@h/d", none, nil, "32 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			keys, err := config.Encryption{EncryptionKey: c.flags}.EncryptionKeys(c.database, c.kept)
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) || strings.Contains(err.Error(), key) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || len(keys) != len(c.want) {
				t.Fatalf("%d keys, %v", len(keys), err)
			}
			for i, k := range keys {
				if !strings.HasPrefix(k.ID, c.want[i]) || len(k.Bytes) != 32 || i < len(c.flags) && string(k.Bytes) != raw {
					t.Errorf("key %d is %q", i, k.ID)
				}
			}
		})
	}
	secret := config.Secret{Secret: strings.Repeat("s", 32)}
	of := func() string {
		keys, err := config.Encryption{}.EncryptionKeys("sqlite:x.db", func() (config.Keys, error) { return secret.KeysFor("sqlite:x.db") })
		if err != nil {
			t.Fatal(err)
		}
		return keys[0].ID
	}
	first := of()
	if of() != first {
		t.Error("one secret derives two keys")
	}
	if secret.Secret = strings.Repeat("t", 32); of() == first {
		t.Error("keys of two secrets have one name")
	}
}
