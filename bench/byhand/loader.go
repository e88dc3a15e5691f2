package byhand

import (
	"context"
	"database/sql"
)

// loader reads the levels of an answer, one after the other, with one statement each.
type loader struct {
	s      *Server
	ctx    context.Context //nolint:containedctx // of the request, as the loader is
	tx     *sql.Tx
	params params
}

// rows runs a query and has each row scanned.
func (l loader) rows(q *query, p params, scan func(rows *sql.Rows) error) error {
	rows, err := l.s.read(l.ctx, l.tx, q, p)
	return each(rows, err, func() error { return scan(rows) })
}

// below runs a query for what is below some objects; of none, nothing is.
func (l loader) below(q *query, ids []string, scan func(rows *sql.Rows) error) error {
	if len(ids) == 0 {
		return nil
	}
	p := l.params
	p.ids = ids
	return l.rows(q, p, scan)
}

func (l loader) urls(ids []string, add func(parent string, u urlRow)) error {
	return l.below(urlsQuery, ids, func(rows *sql.Rows) error {
		var parent string
		var u urlRow
		err := rows.Scan(&parent, &u.ID, &u.Origin, &u.Status)
		if err == nil {
			add(parent, u)
		}
		return err
	})
}

// property is a row of application_properties.
type property struct {
	setProperty
	public bool
}

func (l loader) properties(ids []string, add func(parent string, p property)) error {
	return l.below(propertiesQuery, ids, func(rows *sql.Rows) error {
		var parent string
		var p property
		err := rows.Scan(&parent, &p.ID, &p.Name, &p.Value, &p.public, &p.Version)
		if err == nil {
			add(parent, p)
		}
		return err
	})
}

func (l loader) tree(page *tree, first int) error {
	nodes, err := l.treeApplications(first + 1)
	if err != nil {
		return err
	}
	page.Applications.Nodes, page.Applications.PageInfo.HasNextPage = cut(nodes, first)
	applications := newLevel[treeApplication](first)
	for _, a := range page.Applications.Nodes {
		applications.add(a.ID, a)
	}
	if err := l.urls(applications.ids, func(parent string, u urlRow) { applications.byID[parent].URLs.add(u) }); err != nil {
		return err
	}
	err = l.properties(applications.ids, func(parent string, p property) { applications.byID[parent].Properties.add(p.setProperty) })
	if err != nil {
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

func (l loader) treeApplications(limit int) ([]*treeApplication, error) {
	p := l.params
	p.limit = limit
	found := make([]*treeApplication, 0, limit)
	err := l.rows(treeQuery, p, func(rows *sql.Rows) error {
		a := &treeApplication{URLs: newList[urlRow](short), Properties: newList[setProperty](short), Packages: newList[*treePackage](short)}
		found = append(found, a)
		return rows.Scan(&a.ID, &a.Code, &a.Name, &a.Client.ID, &a.Client.Code, &a.Client.Name)
	})
	return found, err
}

func (l loader) packages(of *level[treeApplication]) (*level[treePackage], error) {
	found := newLevel[treePackage](3 * len(of.ids))
	err := l.below(packagesQuery, of.ids, func(rows *sql.Rows) error {
		var parent string
		p := &treePackage{Roles: newList[*treeRole](short)}
		err := rows.Scan(&parent, &p.ID, &p.Code, &p.Name)
		if err == nil && of.byID[parent].Packages.add(p) {
			found.add(p.ID, p)
		}
		return err
	})
	return found, err
}

// roles finds each role once, whatever the number of packages that hold it.
func (l loader) roles(of *level[treePackage]) (*level[treeRole], error) {
	found := newLevel[treeRole](3 * len(of.ids))
	err := l.below(rolesQuery, of.ids, func(rows *sql.Rows) error {
		var parent string
		r := &treeRole{Permissions: newList[treePermission](short)}
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

// permissions reads who holds what, then each permission once: several roles share it, and to decide that it is visible
// costs more than to read it.
func (l loader) permissions(of *level[treeRole]) error {
	type pair struct{ role, permission string }
	pairs, known, ids := make([]pair, 0, 4*len(of.ids)), make(map[string]treePermission, 4*len(of.ids)), []string(nil)
	err := l.below(heldQuery, of.ids, func(rows *sql.Rows) error {
		var p pair
		if err := rows.Scan(&p.role, &p.permission); err != nil {
			return err
		}
		pairs = append(pairs, p)
		if _, again := known[p.permission]; !again {
			known[p.permission] = treePermission{}
			ids = append(ids, p.permission)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = l.below(permissionsQuery, ids, func(rows *sql.Rows) error {
		var p treePermission
		err := rows.Scan(&p.ID, &p.Authority)
		known[p.ID] = p
		return err
	})
	for _, p := range pairs {
		if permission := known[p.permission]; permission.ID != "" {
			of.byID[p.role].Permissions.add(permission)
		}
	}
	return err
}
