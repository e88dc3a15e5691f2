package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/fold"
)

// identifierKind is what an identifier can be; its form tells.
type identifierKind int

const (
	byUserName identifierKind = iota
	byEmail
	byPhone
)

// kindOf: an @ makes an e-mail address, digits alone a phone number (domain 2.1).
func kindOf(identifier string) identifierKind {
	if strings.Contains(identifier, "@") {
		return byEmail
	}
	if p := phone(identifier); p != "" && strings.IndexFunc(strings.TrimPrefix(p, "+"), notDigit) < 0 {
		return byPhone
	}
	return byUserName
}

// Canonical is the form in which identifiers are unique and looked up: trimmed, NFC, without case.
func Canonical(identifier string) string {
	identifier = fold.Text(identifier)
	if kindOf(identifier) == byPhone {
		return strings.TrimPrefix(phone(identifier), "+")
	}
	return fold.Text(cases.Fold().String(identifier))
}

// phone drops what people put between the digits of a number.
func phone(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -./()\u00a0\u202f", r) {
			return -1
		}
		return r
	}, strings.TrimSpace(s))
}

func notDigit(r rune) bool { return r < '0' || r > '9' }

func validPhone(s string) bool {
	digits, ok := strings.CutPrefix(s, "+")
	return ok && len(digits) >= 7 && len(digits) <= 15 && strings.IndexFunc(digits, notDigit) < 0
}

// validEmail asks for what delivery needs: one @ with something before it, a domain after it, nothing that could
// break a header.
func validEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && len(s) <= 254 && !strings.Contains(domain, "@") && strings.Contains(strings.Trim(domain, "."), ".") &&
		strings.IndexFunc(s, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`<>,;:"\`, r)
		}) < 0
}

// longestUserName and longestLocale are the lengths of the columns, in characters.
const (
	longestUserName = 128
	longestLocale   = 35
)

// checkUserName brings a user name to its stored form and says what is wrong with it.
func checkUserName(name *string) *apperr.Error {
	*name = fold.Text(*name)
	n := utf8.RuneCountInString(*name)
	if n < 1 || n > longestUserName || kindOf(*name) != byUserName || strings.ContainsFunc(*name, unicode.IsControl) {
		return apperr.At("input.userName", apperr.Invalid, "a user name has 1 to %d characters, no @, and is not all digits", longestUserName)
	}
	return nil
}

// CheckEmail does so with an e-mail address.
func CheckEmail(email *string) *apperr.Error {
	if *email = fold.Text(*email); !validEmail(*email) {
		return apperr.At("input.email", apperr.Invalid, "not an e-mail address")
	}
	return nil
}

// CheckPhone does so with a phone number.
func CheckPhone(number *string) *apperr.Error {
	if *number = phone(*number); !validPhone(*number) {
		return apperr.At("input.phone", apperr.Invalid, "a phone number is written with its country, such as +41 44 123 45 67")
	}
	return nil
}

// CheckLocale does so with a locale.
func CheckLocale(locale *string) *apperr.Error {
	tag, err := language.Parse(*locale)
	if err != nil || len(tag.String()) > longestLocale {
		return apperr.At("input.locale", apperr.Invalid, "not a BCP 47 language tag")
	}
	*locale = tag.String()
	return nil
}
