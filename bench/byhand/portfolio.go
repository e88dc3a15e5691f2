package byhand

import (
	"database/sql"
	"net/http"
	"strconv"
	"time"
)

// short is the number of items of the nested lists.
const short = 5

// list is a connection, as far as the requests ask.
type list[T any] struct {
	Nodes []T `json:"nodes"`
}

// newList has no items, which in JSON is not null.
func newList[T any]() list[T] { return list[T]{[]T{}} }

// add appends an item, unless the list has as many as are asked for.
func (l *list[T]) add(item T) bool {
	if len(l.Nodes) == short {
		return false
	}
	l.Nodes = append(l.Nodes, item)
	return true
}

type portfolio struct {
	Applications struct {
		Nodes    []*portfolioApplication `json:"nodes"`
		PageInfo struct {
			HasNextPage bool `json:"hasNextPage"`
		} `json:"pageInfo"`
	} `json:"applications"`
}

type portfolioApplication struct {
	ID     string `json:"id"`
	Code   string `json:"code"`
	Name   string `json:"name"`
	Client struct {
		ID   string `json:"id"`
		Code string `json:"code"`
		Name string `json:"name"`
	} `json:"client"`
	URLs       list[portfolioURL]      `json:"urls"`
	Properties list[portfolioProperty] `json:"properties"`
	Packages   list[*portfolioPackage] `json:"packages"`
}

func newApplication() *portfolioApplication {
	return &portfolioApplication{
		URLs: newList[portfolioURL](), Properties: newList[portfolioProperty](), Packages: newList[*portfolioPackage](),
	}
}

type portfolioURL struct {
	ID     string `json:"id"`
	Origin string `json:"origin"`
	Status string `json:"status"`
}

type portfolioProperty struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Value   string `json:"value"`
	Version int    `json:"version"`
}

type portfolioPackage struct {
	ID    string               `json:"id"`
	Code  string               `json:"code"`
	Name  string               `json:"name"`
	Roles list[*portfolioRole] `json:"roles"`
}

type portfolioRole struct {
	ID          string                    `json:"id"`
	Name        string                    `json:"name"`
	Permissions list[portfolioPermission] `json:"permissions"`
}

type portfolioPermission struct {
	ID        string `json:"id"`
	Authority string `json:"authority"`
}

var (
	// pageQuery joins to the left although every application has its client: MariaDB would begin with the clients
	// else, and sort.
	pageQuery = newQuery(`SELECT a.id, a.code, a.name, c.id, c.code, c.name FROM applications a LEFT JOIN clients c ON c.id = a.client_id
		WHERE a.status = 'ACTIVE' AND`, visibleApplication, `ORDER BY a.id LIMIT :limit`)
	urlsQuery = newQuery(`SELECT application_id, id, origin, status FROM client_urls
		WHERE application_id IN (:ids) AND`, inScope("client_id"), `ORDER BY application_id, id`)
	propertiesQuery = newQuery(`SELECT application_id, id, name, value, version FROM application_properties
		WHERE application_id IN (:ids) AND`, inScope("client_id"), `ORDER BY application_id, id`)
	packagesQuery = newQuery(`SELECT x.application_id, x.id, x.code, x.name FROM packages x
		WHERE x.application_id IN (:ids) AND`, visiblePackage, `ORDER BY x.application_id, x.id`)
	rolesQuery = newQuery(`SELECT l.package_id, x.id, x.name FROM package_roles l JOIN roles x ON x.id = l.role_id
		WHERE l.package_id IN (:ids) AND`, visibleRole, `ORDER BY l.package_id, x.id`)
	permissionsQuery = newQuery(`SELECT l.role_id, x.id, x.authority FROM role_permissions l JOIN permissions x ON x.id = l.permission_id
		WHERE l.role_id IN (:ids) AND`, visiblePermission, `ORDER BY l.role_id, x.id`)
)

// portfolio answers a page of applications with four levels below it: one statement for each level and kind.
func (s *Server) portfolio(r *http.Request, c *caller) (any, error) {
	first, err := strconv.Atoi(r.URL.Query().Get("first"))
	if err != nil || first < 0 || first > 100 {
		return nil, failure{http.StatusBadRequest, "first must be from 0 to 100"}
	}
	var page portfolio
	err = s.snapshot(r.Context(), func(tx *sql.Tx) error {
		l := loader{s: s, ctx: r.Context(), tx: tx, params: params{client: c.client, now: time.Now()}}
		return l.page(&page, first)
	})
	return page, err
}
