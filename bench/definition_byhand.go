package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/appanage/appanage/internal/oid"
)

// definitionByHand resolves a definition as one would by hand: one statement for the layers of those above the client who
// may write, each unmarshalled, merged into the one below (RFC 7396), and the whole marshalled again. It keeps nothing,
// forgets the order of members, and knows neither final layers nor lists with keys.
type definitionByHand struct{ reader *sql.DB }

const definitionLayersByHand = `SELECT v.content FROM client_paths AS p JOIN applications AS a ON a.id = ?
  LEFT JOIN access_grants AS g ON g.client_id = p.ancestor_id AND g.application_id = a.id
  JOIN definition_layers AS l ON l.client_id = p.ancestor_id AND l.application_id = a.id AND l.kind = 'PAGE' AND l.name = 'home'
  JOIN definition_versions AS v ON v.id = l.current_id
  WHERE p.descendant_id = ? AND a.status = 'ACTIVE' AND (a.client_id = p.ancestor_id OR g.level = 'WRITE' AND (g.expires_at IS NULL OR g.expires_at > ?))
  ORDER BY p.depth DESC`

func (d definitionByHand) resolve(ctx context.Context, app oid.Application, client oid.Client, now time.Time) (_ string, err error) {
	rows, err := d.reader.QueryContext(ctx, definitionLayersByHand, string(app), string(client), now)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var object any
	for rows.Next() {
		var content []byte
		if err := rows.Scan(&content); err != nil {
			return "", err
		}
		var layer any
		if err := json.Unmarshal(content, &layer); err != nil {
			return "", err
		}
		object = mergedByHand(object, layer)
	}
	if err := rows.Err(); err != nil {
		return "", err
	}
	text, err := json.Marshal(object)
	return string(text), err
}

func mergedByHand(target, patch any) any {
	members, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	object, ok := target.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	for name, v := range members {
		if v == nil {
			delete(object, name)
		} else {
			object[name] = mergedByHand(object[name], v)
		}
	}
	return object
}
