// Package input checks what people type, the same way for every kind of object.
package input

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/fold"
)

// longestName is the longest name of anything, in characters.
const longestName = 128

// Name brings a name to its stored form (composed, outer spaces cut) and notes what is wrong with it: a name is one
// line of 1 to 128 characters.
func Name(errs *apperr.Collector, path string, name *string) {
	*name = fold.Text(*name)
	if n := utf8.RuneCountInString(*name); n < 1 || n > longestName {
		errs.Add(apperr.At(path, apperr.Invalid, "a name has 1 to %d characters, not %d", longestName, n))
	} else if strings.ContainsFunc(*name, unicode.IsControl) {
		errs.Add(apperr.At(path, apperr.Invalid, "a name is one line, without control characters"))
	}
}

// Word notes a word that is none of its closed list, and tells whether it is fine: GraphQL's executor lets a variable
// bring one in the wrong case.
func Word[T interface {
	~string
	Values() []string
}](errs *apperr.Collector, path string, word T) bool {
	words := word.Values()
	fine := slices.Contains(words, string(word))
	if !fine {
		errs.Add(apperr.At(path, apperr.Invalid, "not one of %s", strings.Join(words, ", ")))
	}
	return fine
}
