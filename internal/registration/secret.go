package registration

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"

	"github.com/appanage/appanage/internal/digest"
	"github.com/appanage/appanage/internal/oid"
)

// linkPrefix begins the secrets of links, so that scanners of leaked ones recognise them.
const linkPrefix = "apr_"

// newLinkSecret makes a secret of 256 random bits. Nobody guesses one: attempts are not counted.
func newLinkSecret() (string, error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("registration: secret: %w", err)
	}
	return linkPrefix + base64.RawURLEncoding.EncodeToString(raw), nil
}

// newPassword makes a one-time password of so many digits.
func newPassword(digits int) (string, error) {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	n, err := rand.Int(rand.Reader, most)
	if err != nil {
		return "", fmt.Errorf("registration: one-time password: %w", err)
	}
	return fmt.Sprintf("%0*s", digits, n.String()), nil
}

// codeLength is how many letters and digits a registration code has: 60 random bits.
const codeLength = 12

// newCode makes a registration code, for people to read out and to type.
func newCode() string {
	text := rand.Text()[:codeLength]
	return text[:4] + "-" + text[4:8] + "-" + text[8:]
}

// typed is a code or a one-time password without what people put between its characters.
func typed(secret string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -\t\u00a0\u202f", r) {
			return -1
		}
		return r
	}, secret))
}

// The digests by which secrets are kept. Each has its purpose and its place in it: a secret works nowhere else. Few enough one-time
// passwords are there to try them all, so that they are keyed.

func (s *Service) linkHash(secret string) string { return digest.MAC(s.key, "link", secret) }

func (s *Service) passwordHash(of oid.Registration, secret string) string {
	return digest.MAC(s.key, "one-time password", string(of), typed(secret))
}

func (s *Service) codeHash(app oid.Application, client oid.Client, code string) string {
	return digest.MAC(s.key, "code", string(app), string(client), typed(code))
}
