package byhand

import (
	"database/sql"
	"net/http"
	"time"
)

// short is the number of items of the nested lists of a tree.
const short = 5

type tree struct {
	Applications struct {
		Nodes    []*treeApplication `json:"nodes"`
		PageInfo struct {
			HasNextPage bool `json:"hasNextPage"`
		} `json:"pageInfo"`
	} `json:"applications"`
}

type treeApplication struct {
	ID         string             `json:"id"`
	Code       string             `json:"code"`
	Name       string             `json:"name"`
	Client     owner              `json:"client"`
	URLs       list[urlRow]       `json:"urls"`
	Properties list[setProperty]  `json:"properties"`
	Packages   list[*treePackage] `json:"packages"`
}

// owner is a client as everyone may see it who sees an application of his.
type owner struct {
	ID   string `json:"id"`
	Code string `json:"code"`
	Name string `json:"name"`
}

type urlRow struct {
	ID     string `json:"id"`
	Origin string `json:"origin"`
	Status string `json:"status"`
}

type treePackage struct {
	ID    string          `json:"id"`
	Code  string          `json:"code"`
	Name  string          `json:"name"`
	Roles list[*treeRole] `json:"roles"`
}

type treeRole struct {
	ID          string               `json:"id"`
	Name        string               `json:"name"`
	Permissions list[treePermission] `json:"permissions"`
}

type treePermission struct {
	ID        string `json:"id"`
	Authority string `json:"authority"`
}

var (
	treeQuery = newQuery(func(s scope) string {
		return `SELECT a.id, a.code, a.name, c.id, c.code, c.name ` + s.active(ownerOf) + ` ORDER BY a.id LIMIT :limit`
	})
	urlsQuery = newQuery(func(s scope) string {
		return `SELECT application_id, id, origin, status FROM client_urls FORCE INDEX (clienturl_application_id_id)
			WHERE application_id IN (:ids) AND ` + s.has("client_id") + ` ORDER BY application_id, id`
	})
	propertiesQuery = newQuery(func(s scope) string {
		return `SELECT application_id, id, name, value, public, version FROM application_properties FORCE INDEX (applicationproperty_application_id_id)
			WHERE application_id IN (:ids) AND ` + s.has("client_id") + ` ORDER BY application_id, id`
	})
	packagesQuery = newQuery(func(s scope) string {
		return `SELECT x.application_id, x.id, x.code, x.name FROM packages x
			WHERE x.application_id IN (:ids) AND ` + s.packages() + ` ORDER BY x.application_id, x.id`
	})
	rolesQuery = newQuery(func(s scope) string {
		return `SELECT l.package_id, x.id, x.name FROM package_roles l JOIN roles x ON x.id = l.role_id
			WHERE l.package_id IN (:ids) AND ` + s.roles() + ` ORDER BY l.package_id, x.id`
	})
	heldQuery        = plain(`SELECT role_id, permission_id FROM role_permissions WHERE role_id IN (:ids) ORDER BY role_id, permission_id`)
	permissionsQuery = newQuery(func(s scope) string {
		return `SELECT x.id, x.authority FROM permissions x WHERE x.id IN (:ids) AND ` + s.permissions()
	})
)

// tree answers a page of applications with four levels below it.
func (s *Server) tree(r *http.Request, c *caller) (any, error) {
	first, err := pageSize(r)
	if err != nil {
		return nil, err
	}
	var page tree
	err = s.snapshot(r.Context(), func(tx *sql.Tx) error {
		l := loader{s: s, ctx: r.Context(), tx: tx, params: params{caller: c, now: time.Now()}}
		return l.tree(&page, first)
	})
	return page, err
}
