// Package fold brings text to the form in which it is compared, so that both engines order and match alike
// under a collation that knows bytes only.
package fold

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// keyRunes is how much of a key is kept: the width of the …_key columns.
const keyRunes = 191

// Key is the form of a name in its …_key column: compatibility-composed (NFKC), without case, outer spaces cut.
func Key(s string) string {
	s = norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.TrimSpace(s))))
	if runes := []rune(s); len(runes) > keyRunes {
		s = string(runes[:keyRunes])
	}
	return strings.TrimRight(s, " ")
}

// Text is how a text people typed is stored: composed (NFC), outer spaces cut.
func Text(s string) string { return norm.NFC.String(strings.TrimSpace(s)) }
