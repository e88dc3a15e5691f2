package list_test

import (
	"testing"

	"github.com/appanage/appanage/graph/list"
	"github.com/appanage/appanage/internal/apperr"
)

func TestPageSize(t *testing.T) {
	n := func(i int) *int { return &i }
	for _, c := range []struct {
		page      list.Page
		size      int
		backwards bool
		wrong     string // the argument
	}{
		{list.Page{}, 20, false, ""},
		{list.Page{First: n(0)}, 0, false, ""},
		{list.Page{First: n(1)}, 1, false, ""},
		{list.Page{First: n(100)}, 100, false, ""},
		{list.Page{First: n(101)}, 0, false, "first"},
		{list.Page{First: n(-1)}, 0, false, "first"},
		{list.Page{Last: n(0)}, 0, true, ""},
		{list.Page{Last: n(100)}, 100, true, ""},
		{list.Page{Last: n(101)}, 0, false, "last"},
		{list.Page{Last: n(-1)}, 0, false, "last"},
		{list.Page{First: n(1), Last: n(1)}, 0, false, "last"},
		{list.Page{First: n(-1), Last: n(101)}, 0, false, "last"},
	} {
		size, backwards, err := c.page.Size()
		if c.wrong == "" {
			if err != nil || size != c.size || backwards != c.backwards {
				t.Errorf("%v: %d, %t, %v", c, size, backwards, err)
			}
			continue
		}
		if e, ok := apperr.As(err); !ok || e.Code != apperr.Invalid || len(e.Path) != 1 || e.Path[0] != c.wrong {
			t.Errorf("%v: %v", c, err)
		}
	}
}
