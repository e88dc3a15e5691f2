package byhand

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
)

// setInput is the body of POST /properties, the same as the mutation's input.
type setInput struct {
	ApplicationID string `json:"applicationId"`
	ClientID      string `json:"clientId"`
	Properties    []struct {
		Name   string `json:"name"`
		Value  string `json:"value"`
		Public *bool  `json:"public"`
	} `json:"properties"`
}

var propertyName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

func (in *setInput) check() error {
	if n := len(in.Properties); n < 1 || n > 100 {
		return failure{http.StatusBadRequest, "1 to 100 properties are set in one call"}
	}
	for _, p := range in.Properties {
		if !propertyName.MatchString(p.Name) || len(p.Value) > 16<<10 {
			return failure{http.StatusBadRequest, "a property is malformed"}
		}
	}
	return nil
}

// setProperty is a property as the mutation answers it.
type setProperty struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Value   string `json:"value"`
	Version int    `json:"version"`
}

// setAnswer is what the mutation answers.
type setAnswer struct {
	Set struct {
		Properties []setProperty `json:"properties"`
		Errors     []string      `json:"errors"`
	} `json:"applicationPropertiesSet"`
}

// setProperties sets properties for one client, with an audit event for each that changes, in one transaction.
func (s *Server) setProperties(r *http.Request, c *caller) (any, error) {
	var in setInput
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 2<<20)).Decode(&in); err != nil {
		return nil, failure{http.StatusBadRequest, "the body is malformed"}
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	for _, q := range writes {
		if _, err := s.prepare(r.Context(), s.writer, q, params{caller: c}); err != nil { //nolint:sqlclosecheck // kept
			return nil, err
		}
	}
	tx, err := s.writer.BeginTx(r.Context(), nil)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	w := setter{s: s, ctx: r.Context(), tx: tx, caller: c, in: in, now: clock.Now(), request: rand.Text()}
	answer, err := w.run()
	if err != nil {
		return nil, err
	}
	return answer, tx.Commit()
}

// setter writes the properties of one request.
type setter struct {
	s      *Server
	ctx    context.Context //nolint:containedctx // of the request, as the setter is
	tx     *sql.Tx
	caller *caller
	in     setInput
	now    time.Time
	// request is the id of the request, for the audit trail.
	request string
}

func (w setter) run() (*setAnswer, error) {
	if err := w.permitted(); err != nil {
		return nil, err
	}
	answer := &setAnswer{}
	answer.Set.Errors = []string{}
	for i := range w.in.Properties {
		set, err := w.set(i)
		if err != nil {
			return nil, err
		}
		answer.Set.Properties = append(answer.Set.Properties, set)
	}
	return answer, nil
}

var (
	decisionQuery = newQuery(func(s scope) string {
		return `SELECT ` + s.has("a.client_id") + `, ` + s.has(":target") + `, a.client_id = :client OR ` + ownWrite + `,
			a.client_id = :target OR ` + exists(`access_grants g WHERE g.application_id = a.id AND g.client_id = :target
				AND g.level IN ('READ', 'WRITE') AND `+inForce) + `
			FROM applications a WHERE a.id = :id AND ` + s.application() + ` FOR UPDATE`
	})
	propertyQuery = plain(`SELECT id, value, public, version FROM application_properties
		WHERE client_id = ? AND application_id = ? AND name = ? FOR UPDATE`)
	insertQuery = plain(`INSERT INTO application_properties (id, created_at, updated_at, version, client_id, application_id, name, value, public)
		VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?)`)
	updateQuery = plain(`UPDATE application_properties SET updated_at = ?, version = version + 1, value = ?, public = ? WHERE id = ?`)
	auditQuery  = plain("INSERT INTO audit_events (id, at, client_id, actor_client_id, actor_user_id, on_behalf, operation, kind, object_id, `before`, `after`, request_id)" + `
		VALUES (?, ?, ?, ?, ?, '', 'applicationPropertiesSet', 'ApplicationProperty', ?, ?, ?, ?)`)

	historyQuery = plain(`INSERT INTO property_changes (id, created_at, updated_at, version, client_id, application_id, name, value, public, secret, removed, changed_by_client_id, changed_by_id)
		VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, FALSE, FALSE, ?, ?)`)
	countQuery = plain(`SELECT COUNT(*) FROM application_properties WHERE client_id = ? AND application_id = ?`)

	// writes are prepared before the transaction.
	writes = []*query{decisionQuery, propertyQuery, insertQuery, updateQuery, auditQuery, historyQuery, countQuery}
)

// permitted decides as domain 6.4 has it. The application's row stays locked.
func (w setter) permitted() error {
	var rules, inScope, callerWrites, targetHas bool
	p := params{caller: w.caller, target: w.in.ClientID, now: w.now, id: w.in.ApplicationID}
	row, err := w.row(decisionQuery, p.args(p.form(decisionQuery).names)...)
	if err == nil {
		err = row.Scan(&rules, &inScope, &callerWrites, &targetHas)
	}
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return failure{http.StatusNotFound, "no such application"}
	case err != nil:
		return err
	case !inScope:
		return failure{http.StatusNotFound, "no such client"}
	case !targetHas || !rules && !callerWrites:
		return failure{http.StatusForbidden, "properties are set for a client with access"}
	}
	return nil
}

// set inserts or updates one property; what stays as it was is not written.
func (w setter) set(i int) (setProperty, error) {
	wanted := w.in.Properties[i]
	p := setProperty{Name: wanted.Name, Value: wanted.Value}
	var old string
	var public bool
	row, err := w.row(propertyQuery, w.in.ClientID, w.in.ApplicationID, p.Name)
	if err == nil {
		err = row.Scan(&p.ID, &old, &public, &p.Version)
	}
	fresh := errors.Is(err, sql.ErrNoRows)
	if err != nil && !fresh {
		return p, err
	}
	after := map[string]any{"name": p.Name, "applicationId": w.in.ApplicationID, "value": p.Value, "public": public}
	if wanted.Public != nil {
		after["public"] = *wanted.Public
	}
	p.Version++
	switch {
	case fresh:
		if err := w.room(); err != nil {
			return p, err
		}
		p.ID = string(oid.New[oid.Property]())
		err = w.exec(insertQuery, p.ID, w.now, w.now, w.in.ClientID, w.in.ApplicationID, p.Name, p.Value, after["public"])
		return p, errors.Join(err, w.keep(p, after), w.note(p.ID, nil, after))
	case old == p.Value && after["public"] == public:
		p.Version--
		return p, nil
	}
	err = w.exec(updateQuery, w.now, p.Value, after["public"], p.ID)
	return p, errors.Join(err, w.keep(p, after), w.note(p.ID, map[string]any{"value": old, "public": public}, after))
}

// room tells whether the client can have one more property of the application.
func (w setter) room() error {
	var n int
	row, err := w.row(countQuery, w.in.ClientID, w.in.ApplicationID)
	if err == nil {
		err = row.Scan(&n)
	}
	if err == nil && n >= 500 {
		err = failure{http.StatusBadRequest, "a client has at most 500 properties of one application"}
	}
	return err
}

// keep writes the history.
func (w setter) keep(p setProperty, after map[string]any) error {
	return w.exec(historyQuery, string(oid.New[oid.PropertyChange]()), w.now, w.now, w.in.ClientID, w.in.ApplicationID, p.Name, p.Value, after["public"], w.caller.client, w.caller.user)
}

func (w setter) note(id string, before, after map[string]any) error {
	was, err := jsonOrNull(before)
	if err != nil {
		return err
	}
	is, err := jsonOrNull(after)
	if err != nil {
		return err
	}
	return w.exec(auditQuery, string(oid.New[oid.AuditEvent]()), w.now, w.in.ClientID, w.caller.client, w.caller.user, id, was, is, w.request)
}

func jsonOrNull(fields map[string]any) (any, error) {
	if fields == nil {
		return nil, nil
	}
	text, err := json.Marshal(fields)
	return string(text), err
}

func (w setter) row(q *query, args ...any) (*sql.Row, error) {
	stmt, err := w.s.prepare(w.ctx, w.s.writer, q, params{caller: w.caller})
	if err != nil {
		return nil, err
	}
	w.s.statements.Add(1)
	return w.tx.StmtContext(w.ctx, stmt).QueryRowContext(w.ctx, args...), nil //nolint:sqlclosecheck // closed with the transaction
}

func (w setter) exec(q *query, args ...any) error {
	stmt, err := w.s.prepare(w.ctx, w.s.writer, q, params{caller: w.caller})
	if err != nil {
		return err
	}
	w.s.statements.Add(1)
	_, err = w.tx.StmtContext(w.ctx, stmt).ExecContext(w.ctx, args...) //nolint:sqlclosecheck // closed with the transaction
	return err
}
