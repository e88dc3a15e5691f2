package identity

import (
	"strings"
	"testing"
)

// domain 2.6: 12 to 256 characters, none of the commonest, no rules of composition.
func TestPasswordPolicy(t *testing.T) {
	for password, fine := range map[string]bool{
		"":                              false,
		"short":                         false,
		"elevenchars":                   false,
		"twelve chars":                  true,
		"пароль из слов":                true,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa": true,
		strings.Repeat("ü", 256):        true,
		strings.Repeat("ü", 257):        false,
		"password1234":                  false,
		"PassWord1234":                  false,
		"123456789012":                  false,
	} {
		if err := checkPassword(password); (err == nil) != fine {
			t.Errorf("%q: %v", password, err)
		}
	}
}

func TestHashAndVerify(t *testing.T) {
	ctx := t.Context()
	const password = "correct horse battery"
	stored, err := hashPassword(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := hashPassword(ctx, password); err != nil || again == stored {
		t.Errorf("the same password hashes alike: no salt (%v)", err)
	}
	for given, want := range map[string]bool{password: true, "Correct horse battery": false, "": false, password + strings.Repeat("x", 300): false} {
		if got, err := verifyPassword(ctx, given, stored); err != nil || got != want {
			t.Errorf("verify %.30q: %v, %v", given, got, err)
		}
	}
	if right, err := verifyPassword(ctx, "", decoy); err != nil || right {
		t.Errorf("the decoy verified: %v, %v", right, err)
	}
	if _, err := verifyPassword(ctx, password, "plain text"); err == nil {
		t.Error("a damaged hash was taken for one")
	}
}

// domain 2.1: identifiers are kept trimmed, in NFC, without case; phones as digits.
func TestCanonical(t *testing.T) {
	for given, want := range map[string]string{
		"  Alice ":           "alice",
		"ALICE@Example.COM":  "alice@example.com",
		"Zoe\u0308":          "zoë",
		"+41 44 123 45 67":   "41441234567",
		"+41 (44) 123-45-67": "41441234567",
		"41441234567":        "41441234567",
		"straße":             "strasse",
		"bob.miller-2":       "bob.miller-2",
	} {
		if got := Canonical(given); got != want {
			t.Errorf("the canonical form of %q is %q, want %q", given, got, want)
		}
		if got := Canonical(Canonical(given)); got != want {
			t.Errorf("the canonical form of %q changes when taken twice: %q", given, got)
		}
	}
}

func TestUserNamesAndContacts(t *testing.T) {
	base := CreateUser{Name: "Name", Password: "correct horse battery"}
	for name, c := range map[string]struct {
		change func(*CreateUser)
		path   string
	}{
		"a user name":         {func(c *CreateUser) { c.UserName = "alice" }, ""},
		"an address":          {func(c *CreateUser) { c.Email = "alice@example.com" }, ""},
		"a phone":             {func(c *CreateUser) { c.Phone = "+41 44 123 45 67" }, ""},
		"nothing":             {func(*CreateUser) {}, "userName"},
		"@ in a user name":    {func(c *CreateUser) { c.UserName = "alice@home" }, "userName"},
		"digits only":         {func(c *CreateUser) { c.UserName = "12345" }, "userName"},
		"an address, no host": {func(c *CreateUser) { c.Email = "alice@" }, "email"},
		"a header in it":      {func(c *CreateUser) { c.Email = "a@example.com\r\nBcc:b@example.com" }, "email"},
		"a phone, no country": {func(c *CreateUser) { c.Phone = "044 123 45 67" }, "phone"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := base
			c.change(&cmd)
			err := cmd.Validate()
			if c.path == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), "input."+c.path) {
				t.Errorf("got %v, want an error at %s", err, c.path)
			}
		})
	}
}
