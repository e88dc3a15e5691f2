package byhand

import (
	"database/sql"
	"net/http"
	"time"
)

type clientAnswer struct {
	Client *clientRow `json:"client"`
}

type clientRow struct {
	owner
	Managed *list[*managedClient] `json:"managedClients"` // null where no more than code and name is shown
}

type managedClient struct {
	owner
	Applications list[*managedApplication] `json:"applications"`
}

type managedApplication struct {
	ID         string                `json:"id"`
	Code       string                `json:"code"`
	Name       string                `json:"name"`
	Properties list[managedProperty] `json:"properties"`
}

type managedProperty struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

const (
	mostClients      = 20
	mostApplications = 10 // of each
)

// What is below a client in scope needs no further look at the scope: the clients that it manages are in it, and their
// own applications are visible. A property has an owner of its own.
var (
	clientQuery = newQuery(func(s scope) string {
		return `SELECT c.id, c.code, c.name, ` + s.has("c.id") + ` FROM clients c WHERE c.id = :id AND ` + s.client()
	})
	managedQuery      = plain(`SELECT id, code, name FROM clients WHERE manager_id = :id ORDER BY id LIMIT :limit`)
	applicationsQuery = plain(`SELECT client_id, id, code, name FROM applications
		WHERE client_id IN (:ids) AND status = 'ACTIVE' ORDER BY client_id, id`)
)

// client answers a client with three levels below it.
func (s *Server) client(r *http.Request, c *caller) (any, error) {
	var answer clientAnswer
	err := s.snapshot(r.Context(), func(tx *sql.Tx) error {
		l := loader{s: s, ctx: r.Context(), tx: tx, params: params{caller: c, now: time.Now(), id: r.PathValue("id"), limit: mostClients}}
		return l.client(&answer)
	})
	return answer, err
}

func (l loader) client(answer *clientAnswer) error {
	var c clientRow
	var inScope bool
	err := l.rows(clientQuery, l.params, func(rows *sql.Rows) error {
		answer.Client = &c
		return rows.Scan(&c.ID, &c.Code, &c.Name, &inScope)
	})
	if err != nil || !inScope {
		return err
	}
	clients, err := l.managed(&c)
	if err != nil {
		return err
	}
	applications, err := l.applications(clients)
	if err != nil {
		return err
	}
	return l.properties(applications.ids, func(parent string, p property) {
		applications.byID[parent].Properties.add(managedProperty{p.ID, p.Name, p.Value})
	})
}

func (l loader) managed(of *clientRow) (*level[managedClient], error) {
	managed := newList[*managedClient](mostClients)
	of.Managed = &managed
	found := newLevel[managedClient](mostClients)
	err := l.rows(managedQuery, l.params, func(rows *sql.Rows) error {
		c := &managedClient{Applications: newList[*managedApplication](mostApplications)}
		err := rows.Scan(&c.ID, &c.Code, &c.Name)
		managed.add(c)
		found.add(c.ID, c)
		return err
	})
	return found, err
}

func (l loader) applications(of *level[managedClient]) (*level[managedApplication], error) {
	found := newLevel[managedApplication](mostApplications * len(of.ids))
	err := l.below(applicationsQuery, of.ids, func(rows *sql.Rows) error {
		var parent string
		a := &managedApplication{Properties: newList[managedProperty](short)}
		err := rows.Scan(&parent, &a.ID, &a.Code, &a.Name)
		if err == nil && of.byID[parent].Applications.add(a) {
			found.add(a.ID, a)
		}
		return err
	})
	return found, err
}
