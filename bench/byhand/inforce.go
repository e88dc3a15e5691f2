package byhand

import (
	"database/sql"
	"net/http"
	"slices"
	"strings"
	"time"
)

type inForcePage struct {
	Applications struct {
		Nodes    []*inForceApplication `json:"nodes"`
		PageInfo struct {
			HasNextPage bool `json:"hasNextPage"`
		} `json:"pageInfo"`
	} `json:"applications"`
}

type inForceApplication struct {
	ID      string          `json:"id"`
	Code    string          `json:"code"`
	InForce []inForceValue  `json:"propertiesInForce"` // null where the caller's client has no access
	owner   named           // whose it is
	reads   bool            // the caller's client has access
	sources map[string]rank // by client: those whose values count
}

type inForceValue struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Public bool   `json:"public"`
	Source source `json:"source"`
	rank   int
}

type source struct {
	Kind   string `json:"kind"`
	Client *named `json:"client"`
}

// named is a client as a source shows it.
type named struct {
	ID   string `json:"id"`
	Code string `json:"code"`
}

// rank is how near a client is whose values count: the smallest wins.
type rank struct {
	at   int
	kind string
	who  *named
}

// defaults are the platform's, by name.
var defaults = []struct{ name, value string }{
	{"CODE_ATTEMPTS", "5"}, {"CODE_LENGTH", "6"}, {"CODE_LIFETIME", "15"}, {"CODE_LOCK", "15"}, {"CODE_RESENDS", "3"},
	{"REGISTRATION_SIGN_IN", "false"}, {"REGISTRATION_TYPE", "NONE"}, {"USER_CHECK", "NONE"},
}

const usable = `g.level IN ('READ', 'WRITE') AND ` + inForce

var (
	usedQuery = newQuery(func(s scope) string {
		return `SELECT a.id, a.code, c.id, c.code, a.client_id = :client OR ` + exists(`access_grants g WHERE g.application_id = a.id AND g.client_id = :client AND `+usable) +
			` ` + s.active(ownerOf) + ` ORDER BY a.id LIMIT :limit`
	})
	// chainQuery: the caller's client and those above it, nearest first.
	chainQuery = plain(`SELECT c.id, c.code FROM client_paths s JOIN clients c ON c.id = s.ancestor_id WHERE s.descendant_id = :client ORDER BY s.depth`)
	// accessQuery: which of these have access to which applications.
	accessQuery = plain(`SELECT g.application_id, g.client_id FROM client_paths s JOIN access_grants g ON g.client_id = s.ancestor_id
		WHERE s.descendant_id = :client AND g.application_id IN (:ids) AND ` + usable)
	// valuesQuery: what these have set, and what the owners have.
	valuesQuery = plain(`SELECT p.application_id, p.client_id, p.name, p.value, p.public FROM client_paths s
			JOIN application_properties p ON p.client_id = s.ancestor_id WHERE s.descendant_id = :client AND p.application_id IN (:ids)
		UNION SELECT p.application_id, p.client_id, p.name, p.value, p.public FROM applications a
			JOIN application_properties p ON p.client_id = a.client_id AND p.application_id = a.id WHERE a.id IN (:ids)`)
)

// inForce answers a page of applications with the properties in force for the caller's client (domain 6.2).
func (s *Server) inForce(r *http.Request, c *caller) (any, error) {
	first, err := pageSize(r)
	if err != nil {
		return nil, err
	}
	var page inForcePage
	err = s.snapshot(r.Context(), func(tx *sql.Tx) error {
		l := loader{s: s, ctx: r.Context(), tx: tx, params: params{caller: c, now: time.Now()}}
		return l.inForce(&page, first)
	})
	return page, err
}

func (l loader) inForce(page *inForcePage, first int) error {
	p := l.params
	p.limit = first + 1
	nodes := make([]*inForceApplication, 0, p.limit)
	err := l.rows(usedQuery, p, func(rows *sql.Rows) error {
		a := &inForceApplication{}
		nodes = append(nodes, a)
		return rows.Scan(&a.ID, &a.Code, &a.owner.ID, &a.owner.Code, &a.reads)
	})
	if err != nil {
		return err
	}
	page.Applications.Nodes, page.Applications.PageInfo.HasNextPage = cut(nodes, first)
	of := newLevel[inForceApplication](first)
	for _, a := range page.Applications.Nodes {
		of.add(a.ID, a)
	}
	if err := l.sources(of); err != nil {
		return err
	}
	return l.values(of)
}

// sources finds whose values count in each application: the client's own, those of its managers below the owner that have
// access, the nearest first, and the owner's.
func (l loader) sources(of *level[inForceApplication]) error {
	chain := make([]*named, 0, 4)
	err := l.rows(chainQuery, l.params, func(rows *sql.Rows) error {
		var c named
		chain = append(chain, &c)
		return rows.Scan(&c.ID, &c.Code)
	})
	if err != nil {
		return err
	}
	has := map[[2]string]bool{}
	err = l.below(accessQuery, of.ids, func(rows *sql.Rows) error {
		var key [2]string
		err := rows.Scan(&key[0], &key[1])
		has[key] = true
		return err
	})
	for _, a := range of.byID {
		if !a.reads {
			continue
		}
		a.sources = make(map[string]rank, len(chain)+1)
		for at, c := range chain {
			if c.ID == a.owner.ID {
				break
			}
			if kind := "MANAGER"; has[[2]string{a.ID, c.ID}] {
				if at == 0 {
					kind = "OWN"
				}
				a.sources[c.ID] = rank{at, kind, c}
			}
		}
		a.sources[a.owner.ID] = rank{len(chain), "OWNER", &a.owner}
		if chain[0].ID == a.owner.ID {
			a.sources[a.owner.ID] = rank{0, "OWN", chain[0]}
		}
	}
	return err
}

func (l loader) values(of *level[inForceApplication]) error {
	for _, a := range of.byID {
		if a.reads {
			a.InForce = make([]inForceValue, 0, 2*len(defaults))
		}
	}
	err := l.below(valuesQuery, of.ids, func(rows *sql.Rows) error {
		var app, client string
		var v inForceValue
		if err := rows.Scan(&app, &client, &v.Name, &v.Value, &v.Public); err != nil {
			return err
		}
		a := of.byID[app]
		from, counts := a.sources[client]
		if !counts {
			return nil
		}
		v.Source, v.rank = source{from.kind, from.who}, from.at
		at := slices.IndexFunc(a.InForce, func(known inForceValue) bool { return known.Name == v.Name })
		switch {
		case at < 0:
			a.InForce = append(a.InForce, v)
		case v.rank < a.InForce[at].rank:
			a.InForce[at] = v
		}
		return nil
	})
	for _, a := range of.byID {
		if !a.reads {
			continue
		}
		for _, d := range defaults {
			if !slices.ContainsFunc(a.InForce, func(known inForceValue) bool { return known.Name == d.name }) {
				a.InForce = append(a.InForce, inForceValue{Name: d.name, Value: d.value, Source: source{Kind: "DEFAULT"}})
			}
		}
		slices.SortFunc(a.InForce, func(x, y inForceValue) int { return strings.Compare(x.Name, y.Name) })
	}
	return err
}
