package participant_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/participant"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "participants.json")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func entry(name, url, secret string) string {
	return `{"name": "` + name + `", "url": "` + url + `", "secret": "` + secret + `"}`
}

func TestLoad(t *testing.T) {
	list, err := participant.Load(file(t, "["+entry("storage", "https://10.0.0.7/hooks", secret)+","+entry("mail-2", "http://127.0.0.1:9000", secret)+
		","+entry("near", "http://localhost:9000/x?y=z", secret)+","+entry("near6", "http://[::1]:9000/", secret)+"]"))
	if names := participant.Names(list); err != nil || !slices.Equal(names, []string{"storage", "mail-2", "near", "near6"}) {
		t.Errorf("loaded %v, %v", names, err)
	}
	if list, err := participant.Load(""); err != nil || len(list) > 0 {
		t.Errorf("without a file: %v, %v", list, err)
	}
}

// Whatever is wrong with the file is told with the flag, and never with a secret.
func TestLoadRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"no JSON":           {"storage", "not a JSON list"},
		"no list":           {entry("a", "https://a.example", secret), "not a JSON list"},
		"an unknown field":  {`[{"name": "a", "token": "x"}]`, "not a JSON list"},
		"more than a list":  {"[] []", "something follows the list"},
		"no name":           {"[" + entry("", "https://a.example", secret) + "]", "participant 1: name"},
		"a bad name":        {"[" + entry("A b", "https://a.example", secret) + "]", `"A b" is not`},
		"a long name":       {"[" + entry(strings.Repeat("a", 65), "https://a.example", secret) + "]", "is not"},
		"a name twice":      {"[" + entry("a", "https://a.example", secret) + "," + entry("a", "https://b.example", secret) + "]", `participant 2: name: there is another "a"`},
		"no TLS":            {"[" + entry("a", "http://a.example", secret) + "]", `url of "a"`},
		"no TLS, but near":  {"[" + entry("a", "http://127.0.0.1.example", secret) + "]", `url of "a"`},
		"no host":           {"[" + entry("a", "https:///x", secret) + "]", `url of "a"`},
		"another scheme":    {"[" + entry("a", "file:///etc/passwd", secret) + "]", `url of "a"`},
		"a password":        {"[" + entry("a", "https://me:hunter2@a.example", secret) + "]", `url of "a"`},
		"a fragment":        {"[" + entry("a", "https://a.example/#x", secret) + "]", `url of "a"`},
		"no prefix":         {"[" + entry("a", "https://a.example", secret[6:]) + "]", `secret of "a"`},
		"no base64":         {"[" + entry("a", "https://a.example", secret+"!") + "]", `secret of "a"`},
		"a short secret":    {"[" + entry("a", "https://a.example", "whsec_aHVudGVyMg==") + "]", `secret of "a"`},
		"a long secret":     {"[" + entry("a", "https://a.example", "whsec_"+strings.Repeat("aHVudGVy", 11)) + "]", `secret of "a"`},
		"a number as a URL": {`[{"name": "a", "url": 7}]`, "not a JSON list"},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := participant.Load(file(t, c.text))
			if err == nil || len(list) > 0 || !strings.HasPrefix(err.Error(), "--participants ") || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v, %v", list, err)
			}
			for _, hidden := range []string{secret[6:], "hunter2", "aHVudGVy"} {
				if strings.Contains(err.Error(), hidden) {
					t.Errorf("it shows a secret: %v", err)
				}
			}
		})
	}
	if _, err := participant.Load(filepath.Join(t.TempDir(), "none")); err == nil || !strings.HasPrefix(err.Error(), "--participants: ") {
		t.Errorf("without the file: %v", err)
	}
}
