package property

import (
	"bytes"
	"strings"
	"testing"
)

func keyed(ids ...string) []Key {
	list := make([]Key, len(ids))
	for i, id := range ids {
		list[i] = Key{id, bytes.Repeat([]byte(id[:1]), 32)}
	}
	return list
}

func ring(t *testing.T, ids ...string) Ring {
	t.Helper()
	r, err := NewRing(keyed(ids...))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// domain 6.3: a secret value opens under its key, at its place, as it was sealed, and not otherwise.
func TestSecretsOpenAtTheirPlaceOnly(t *testing.T) {
	here := Place{"app_1", "cli_1", "TOKEN"}
	both, second := ring(t, "a", "b"), ring(t, "b")
	for _, value := range []string{"", "s3cret", strings.Repeat("🦊", 4<<10)} {
		sealed, err := both.Seal(here, value)
		if err != nil || value != "" && strings.Contains(sealed, value) {
			t.Fatalf("sealed as %q, %v", sealed, err)
		}
		if again, _ := both.Seal(here, value); again == sealed {
			t.Error("the same value sealed twice looks the same: who sees both knows that they are equal")
		}
		if got, err := both.Open(here, sealed); err != nil || got != value {
			t.Errorf("opened as %.20q, %v", got, err)
		}
		if _, err := second.Open(here, sealed); err == nil || !strings.Contains(err.Error(), `"a"`) {
			t.Errorf("without its key: %v", err)
		}
		if keyOf(sealed) != "a" {
			t.Errorf("sealed under %s", keyOf(sealed))
		}
		renamed := "b" + sealed[1:] // as if the other key had sealed it
		for name, c := range map[string]struct {
			place  Place
			sealed string
		}{
			"another application": {Place{"app_2", "cli_1", "TOKEN"}, sealed},
			"another client":      {Place{"app_1", "cli_2", "TOKEN"}, sealed},
			"another name":        {Place{"app_1", "cli_1", "TOKEN2"}, sealed},
			"another key":         {here, renamed},
			"cut":                 {here, sealed[:len(sealed)-4]},
			"one bit":             {here, sealed[:len(sealed)-4] + flip(sealed[len(sealed)-4:])},
			"nothing":             {here, "a:"},
			"no base64":           {here, "a:%%"},
		} {
			if _, err := both.Open(c.place, c.sealed); err == nil {
				t.Errorf("%s: it opens", name)
			}
		}
	}
}

func flip(s string) string {
	if s[0] == 'A' {
		return "B" + s[1:]
	}
	return "A" + s[1:]
}

func TestRingsRefuseBadKeys(t *testing.T) {
	for name, keys := range map[string][]Key{
		"short": {{"a", make([]byte, 31)}}, "of 16 bytes": {{"a", make([]byte, 16)}}, "twice": append(keyed("a"), keyed("a")...),
		"without a name": {{"", make([]byte, 32)}}, "with a colon": {{"a:b", make([]byte, 32)}},
	} {
		if _, err := NewRing(keys); err == nil {
			t.Errorf("a key %s is taken", name)
		}
	}
	empty := ring(t)
	if _, err := empty.Seal(Place{}, "x"); err == nil {
		t.Error("a ring without keys seals")
	}
}
