package input_test

import (
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/input"
)

func TestName(t *testing.T) {
	for given, want := range map[string]string{
		" Zoe\u0308 & Co. ":       "Zoë & Co.",
		strings.Repeat("ü", 128):  strings.Repeat("ü", 128),
		"😀":                       "😀",
		strings.Repeat("ü", 129):  "",
		"":                        "",
		" \t ":                    "",
		"two\nlines":              "",
		"a bell \a":               "",
		"nothing \x00 to be seen": "",
	} {
		var errs apperr.Collector
		got := given
		input.Name(&errs, "input.name", &got)
		switch err := errs.Err(); {
		case want != "" && (err != nil || got != want):
			t.Errorf("%q became %q, %v", given, got, err)
		case want == "" && apperr.CodeOf(err) != apperr.Invalid:
			t.Errorf("%q was taken for a name: %v", given, err)
		}
	}
}
