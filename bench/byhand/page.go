package byhand

import (
	"net/http"
	"time"

	"github.com/appanage/appanage/graph/cursor"
)

type page struct {
	Applications struct {
		Edges    []pageEdge `json:"edges"`
		PageInfo pageInfo   `json:"pageInfo"`
	} `json:"applications"`
}

type pageEdge struct {
	Cursor string          `json:"cursor"`
	Node   pageApplication `json:"node"`
}

type pageApplication struct {
	ID      string `json:"id"`
	Code    string `json:"code"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Status  string `json:"status"`
	Version int    `json:"version"`
}

var (
	firstPageQuery = newQuery(func(s scope) string { return pageText(s, ``) })
	nextPageQuery  = newQuery(func(s scope) string {
		return pageText(s, ` AND a.name_key >= :value AND (a.name_key > :value OR a.id > :id)`)
	})
)

func pageText(s scope, beyond string) string {
	return `SELECT a.id, a.code, a.name, a.type, a.status, a.version, a.name_key ` + s.active(``) + beyond + ` ORDER BY a.name_key, a.id LIMIT :limit`
}

// page answers a page of applications by name, the first one or the one after a cursor.
func (s *Server) page(r *http.Request, c *caller) (any, error) {
	first, err := pageSize(r)
	if err != nil {
		return nil, err
	}
	q, p := firstPageQuery, params{caller: c, now: time.Now(), limit: first + 1}
	if after := r.URL.Query().Get("after"); after != "" {
		at, err := s.Cursors.Decode(s.ByName, after)
		if err != nil {
			return nil, failure{http.StatusBadRequest, err.Error()}
		}
		q, p.value, p.id = nextPageQuery, at.Value, at.ID
	}
	edges := make([]pageEdge, 0, p.limit)
	rows, err := s.read(r.Context(), nil, q, p)
	err = each(rows, err, func() error {
		var a pageApplication
		var key string
		err := rows.Scan(&a.ID, &a.Code, &a.Name, &a.Type, &a.Status, &a.Version, &key)
		edges = append(edges, pageEdge{s.Cursors.Encode(s.ByName, cursor.Position{Value: key, ID: a.ID}), a})
		return err
	})
	var answer page
	to := &answer.Applications
	to.Edges, to.PageInfo.HasNextPage = cut(edges, first)
	if n := len(to.Edges); n > 0 {
		to.PageInfo.EndCursor = &to.Edges[n-1].Cursor
	}
	return answer, err
}
