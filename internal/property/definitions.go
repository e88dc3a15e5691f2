// Package property holds what clients set in applications (domain 6): the names the platform knows, which value is in
// force for a client, the commands that set and delete, and how secret values are kept.
package property

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/origin"
)

// Names the platform knows.
const (
	CodeAttempts       = "CODE_ATTEMPTS"
	CodeLength         = "CODE_LENGTH"
	CodeLifetime       = "CODE_LIFETIME"
	CodeLock           = "CODE_LOCK"
	CodeResends        = "CODE_RESENDS"
	RegistrationSignIn = "REGISTRATION_SIGN_IN"
	RegistrationType   = "REGISTRATION_TYPE"
	URL                = "URL"
	URLSuffix          = "URL_SUFFIX"
	UserCheck          = "USER_CHECK"
)

// Definition is a property whose name the platform knows (domain 6.3).
type Definition struct {
	Name, Description string
	Type              enum.PropertyType
	Values            []string // of a word
	Least, Most       int      // of a whole number
	Default           *string  // in force where nobody set one
}

// Registry has the definitions, for the suffixes that the platform is configured with.
type Registry struct{ list []Definition }

// NewRegistry makes the registry of a platform with these suffixes, each with its leading dot.
func NewRegistry(suffixes []string) Registry {
	return Registry{[]Definition{
		number(CodeAttempts, 5, 1, 20, "How often a code or one-time password may be tried before it is void."),
		number(CodeLength, 6, 6, 12, "How many digits a one-time password has."),
		number(CodeLifetime, 15, 1, 1440, "For how many minutes a code, link or one-time password works."),
		number(CodeLock, 15, 1, 1440, "For how many minutes an address is locked after too many attempts."),
		number(CodeResends, 3, 0, 10, "How often a code, link or one-time password may be sent again."),
		{
			Name: RegistrationSignIn, Type: enum.PropertyBoolean, Default: new("false"),
			Description: "Whether a session comes with the last answer of a registration.",
		},
		word(RegistrationType, "How people register themselves.",
			"NONE", "INVITATION_CODE", "IMMEDIATE", "EMAIL_LINK", "OTP_EMAIL", "OTP_PHONE"),
		{
			Name: URL, Type: enum.PropertyOrigin,
			Description: "The address of the application for the client: one of its proven origins.",
		},
		{
			Name: URLSuffix, Type: enum.PropertyWord, Values: suffixes,
			Description: "The suffix that follows the application's code in its address, one of those the platform is configured with.",
		},
		word(UserCheck, "Whether a person already known under the client, or in the customer base, may register again.",
			"NONE", "UNIQUE_IN_CLIENT", "UNIQUE_IN_BASE"),
	}}
}

func number(name string, usual, least, most int, description string) Definition {
	return Definition{
		Name: name, Type: enum.PropertyInteger, Least: least, Most: most, Default: new(strconv.Itoa(usual)),
		Description: fmt.Sprintf("%s %d to %d.", description, least, most),
	}
}

// word is a definition whose first word is its default.
func word(name, description string, words ...string) Definition {
	return Definition{Name: name, Description: description, Type: enum.PropertyWord, Values: words, Default: &words[0]}
}

// Definitions lists them by name.
func (r Registry) Definitions() []Definition { return r.list }

// Find gives the definition of a name; nil for one the platform does not know.
func (r Registry) Find(name string) *Definition {
	i, ok := slices.BinarySearchFunc(r.list, name, func(d Definition, name string) int { return strings.Compare(d.Name, name) })
	if !ok {
		return nil
	}
	return &r.list[i]
}

// defaults are the definitions as far as they do not depend on the configuration.
var defaults = NewRegistry(nil)

// Wrong says what is wrong with a value; "" where it is fine. Whether an origin is proven is the database's to say.
func (d *Definition) Wrong(value string) string {
	switch d.Type {
	case enum.PropertyText:
	case enum.PropertyBoolean:
		if value != "true" && value != "false" {
			return d.Name + " is true or false"
		}
	case enum.PropertyInteger:
		if n, err := strconv.Atoi(value); err != nil || strconv.Itoa(n) != value || n < d.Least || n > d.Most {
			return fmt.Sprintf("%s is a whole number from %d to %d", d.Name, d.Least, d.Most)
		}
	case enum.PropertyWord:
		switch {
		case len(d.Values) == 0:
			return d.Name + " has no values: the platform is configured without"
		case !slices.Contains(d.Values, value):
			return d.Name + " is one of " + strings.Join(d.Values, ", ")
		}
	case enum.PropertyOrigin:
		if canonical, err := origin.Parse(value); err != nil || canonical != value {
			return d.Name + " is an origin in its canonical form, such as https://shop.example.com: without a path"
		}
	}
	return ""
}
