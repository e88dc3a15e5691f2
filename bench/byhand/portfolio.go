package byhand

import (
	"database/sql"
	"net/http"
	"time"

	"github.com/appanage/appanage/graph/cursor"
)

type portfolio struct {
	Applications struct {
		Nodes    []*portfolioApplication `json:"nodes"`
		PageInfo pageInfo                `json:"pageInfo"`
	} `json:"applications"`
}

type portfolioApplication struct {
	ID         string                  `json:"id"`
	Code       string                  `json:"code"`
	Name       string                  `json:"name"`
	Type       string                  `json:"type"`
	Status     string                  `json:"status"`
	Client     owner                   `json:"client"`
	URLs       list[urlRow]            `json:"urls"`
	Properties list[portfolioProperty] `json:"properties"`
}

type portfolioProperty struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Value   string `json:"value"`
	Public  bool   `json:"public"`
	Version int    `json:"version"`
}

var portfolioQuery = newQuery(func(s scope) string {
	return `SELECT a.id, a.code, a.name, a.type, a.status, c.id, c.code, c.name ` + s.active(ownerOf) + ` ORDER BY a.id LIMIT :limit`
})

// portfolio answers a page of applications with owner, URLs and properties.
func (s *Server) portfolio(r *http.Request, c *caller) (any, error) {
	first, err := pageSize(r)
	if err != nil {
		return nil, err
	}
	var page portfolio
	err = s.snapshot(r.Context(), func(tx *sql.Tx) error {
		l := loader{s: s, ctx: r.Context(), tx: tx, params: params{caller: c, now: time.Now()}}
		return l.portfolio(&page, first)
	})
	return page, err
}

func (l loader) portfolio(page *portfolio, first int) error {
	p := l.params
	p.limit = first + 1
	nodes := make([]*portfolioApplication, 0, p.limit)
	err := l.rows(portfolioQuery, p, func(rows *sql.Rows) error {
		a := &portfolioApplication{URLs: newList[urlRow](short), Properties: newList[portfolioProperty](2 * short)}
		nodes = append(nodes, a)
		return rows.Scan(&a.ID, &a.Code, &a.Name, &a.Type, &a.Status, &a.Client.ID, &a.Client.Code, &a.Client.Name)
	})
	if err != nil {
		return err
	}
	to := &page.Applications
	to.Nodes, to.PageInfo.HasNextPage = cut(nodes, first)
	of := newLevel[portfolioApplication](first)
	for _, a := range to.Nodes {
		of.add(a.ID, a)
	}
	if n := len(of.ids); n > 0 {
		end := l.s.Cursors.Encode(l.s.ByCreation, cursor.Position{ID: of.ids[n-1]})
		to.PageInfo.EndCursor = &end
	}
	if err := l.urls(of.ids, func(parent string, u urlRow) { of.byID[parent].URLs.add(u) }); err != nil {
		return err
	}
	return l.properties(of.ids, func(parent string, p property) {
		of.byID[parent].Properties.add(portfolioProperty{p.ID, p.Name, p.Value, p.public, p.Version})
	})
}
