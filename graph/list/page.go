package list

import "github.com/appanage/appanage/internal/apperr"

// Page is the four arguments every connection has.
type Page struct {
	First  *int
	After  *string
	Last   *int
	Before *string
}

// Sizes of pages.
const (
	DefaultPage = 20
	MaxPage     = 100
)

// Size is the number of items asked for, and whether they are counted from the end.
func (p Page) Size() (n int, backwards bool, err error) {
	if p.First != nil && p.Last != nil {
		return 0, false, apperr.At("last", apperr.Invalid, "`first` and `last` cannot be given together")
	}
	name, asked := "first", p.First
	if p.Last != nil {
		name, asked, backwards = "last", p.Last, true
	}
	switch {
	case asked == nil:
		return DefaultPage, false, nil
	case *asked < 0 || *asked > MaxPage:
		return 0, false, apperr.At(name, apperr.Invalid, "`%s` must be from 0 to %d, not %d", name, MaxPage, *asked)
	}
	return *asked, backwards, nil
}
