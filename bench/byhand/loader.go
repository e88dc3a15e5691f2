package byhand

import (
	"context"
	"database/sql"
)

// loader reads the levels of one portfolio, one after the other.
type loader struct {
	s      *Server
	ctx    context.Context //nolint:containedctx // of the request, as the loader is
	tx     *sql.Tx
	params params
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

func (l loader) page(page *portfolio, first int) error {
	nodes, err := l.applications(first + 1)
	if err != nil {
		return err
	}
	if len(nodes) > first {
		nodes, page.Applications.PageInfo.HasNextPage = nodes[:first], true
	}
	page.Applications.Nodes = nodes
	applications := newLevel[portfolioApplication](len(nodes))
	for _, a := range nodes {
		applications.add(a.ID, a)
	}
	if err := l.urls(applications); err != nil {
		return err
	}
	if err := l.properties(applications); err != nil {
		return err
	}
	packages, err := l.packages(applications)
	if err != nil {
		return err
	}
	roles, err := l.roles(packages)
	if err != nil {
		return err
	}
	return l.permissions(roles)
}

func (l loader) applications(limit int) ([]*portfolioApplication, error) {
	p := l.params
	p.limit = limit
	found := make([]*portfolioApplication, 0, limit)
	rows, err := l.s.read(l.ctx, l.tx, pageQuery, p)
	err = each(rows, err, func() error {
		a := newApplication()
		found = append(found, a)
		return rows.Scan(&a.ID, &a.Code, &a.Name, &a.Client.ID, &a.Client.Code, &a.Client.Name)
	})
	return found, err
}

// below runs a query for what is below some objects; of none, nothing is.
func (l loader) below(q query, ids []string, scan func(rows *sql.Rows) error) error {
	if len(ids) == 0 {
		return nil
	}
	p := l.params
	p.ids = ids
	rows, err := l.s.read(l.ctx, l.tx, q, p)
	return each(rows, err, func() error { return scan(rows) })
}

func (l loader) urls(of *level[portfolioApplication]) error {
	return l.below(urlsQuery, of.ids, func(rows *sql.Rows) error {
		var parent string
		var u portfolioURL
		err := rows.Scan(&parent, &u.ID, &u.Origin, &u.Status)
		if err == nil {
			of.byID[parent].URLs.add(u)
		}
		return err
	})
}

func (l loader) properties(of *level[portfolioApplication]) error {
	return l.below(propertiesQuery, of.ids, func(rows *sql.Rows) error {
		var parent string
		var p portfolioProperty
		err := rows.Scan(&parent, &p.ID, &p.Name, &p.Value, &p.Version)
		if err == nil {
			of.byID[parent].Properties.add(p)
		}
		return err
	})
}

func (l loader) packages(of *level[portfolioApplication]) (*level[portfolioPackage], error) {
	found := newLevel[portfolioPackage](3 * len(of.ids))
	err := l.below(packagesQuery, of.ids, func(rows *sql.Rows) error {
		var parent string
		p := &portfolioPackage{Roles: newList[*portfolioRole]()}
		err := rows.Scan(&parent, &p.ID, &p.Code, &p.Name)
		if err == nil && of.byID[parent].Packages.add(p) {
			found.add(p.ID, p)
		}
		return err
	})
	return found, err
}

// roles finds each role once, whatever the number of packages that hold it.
func (l loader) roles(of *level[portfolioPackage]) (*level[portfolioRole], error) {
	found := newLevel[portfolioRole](3 * len(of.ids))
	err := l.below(rolesQuery, of.ids, func(rows *sql.Rows) error {
		var parent string
		r := &portfolioRole{Permissions: newList[portfolioPermission]()}
		if err := rows.Scan(&parent, &r.ID, &r.Name); err != nil {
			return err
		}
		if known := found.byID[r.ID]; known != nil {
			r = known
		}
		if of.byID[parent].Roles.add(r) && found.byID[r.ID] == nil {
			found.add(r.ID, r)
		}
		return nil
	})
	return found, err
}

func (l loader) permissions(of *level[portfolioRole]) error {
	return l.below(permissionsQuery, of.ids, func(rows *sql.Rows) error {
		var parent string
		var p portfolioPermission
		err := rows.Scan(&parent, &p.ID, &p.Authority)
		if err == nil {
			of.byID[parent].Permissions.add(p)
		}
		return err
	})
}
