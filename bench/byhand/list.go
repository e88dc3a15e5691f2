package byhand

import (
	"net/http"
	"strconv"
)

// list is a nested connection, as far as the requests ask.
type list[T any] struct {
	Nodes []T `json:"nodes"`
	most  int
}

// newList has no items, which in JSON is not null, and takes so many.
func newList[T any](most int) list[T] { return list[T]{[]T{}, most} }

// add appends an item, unless the list has as many as are asked for.
func (l *list[T]) add(item T) bool {
	if len(l.Nodes) == l.most {
		return false
	}
	l.Nodes = append(l.Nodes, item)
	return true
}

// level is the objects of one level: their ids in order, and where to hang what is below them.
type level[T any] struct {
	ids  []string
	byID map[string]*T
}

func newLevel[T any](size int) *level[T] {
	return &level[T]{make([]string, 0, size), make(map[string]*T, size)}
}

func (l *level[T]) add(id string, object *T) {
	l.ids = append(l.ids, id)
	l.byID[id] = object
}

// pageInfo is where a page lies.
type pageInfo struct {
	HasNextPage bool    `json:"hasNextPage"`
	EndCursor   *string `json:"endCursor"`
}

// cut takes the row away that was read beyond the page, if there is one.
func cut[T any](rows []T, first int) (page []T, more bool) {
	if len(rows) > first {
		return rows[:first], true
	}
	return rows, false
}

func pageSize(r *http.Request) (int, error) {
	first, err := strconv.Atoi(r.URL.Query().Get("first"))
	if err != nil || first < 0 || first > 100 {
		return 0, failure{http.StatusBadRequest, "first must be from 0 to 100"}
	}
	return first, nil
}
