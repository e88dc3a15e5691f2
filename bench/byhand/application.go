package byhand

import (
	"database/sql"
	"errors"
	"net/http"
	"time"
)

const timeFormat = "2006-01-02T15:04:05.000000Z"

type applicationAnswer struct {
	Application *applicationRow `json:"application"`
}

type applicationRow struct {
	ID         string `json:"id"`
	Code       string `json:"code"`
	Name       string `json:"name"`
	Type       string `json:"type"`
	AccessType string `json:"accessType"`
	Status     string `json:"status"`
	CreatedAt  string `json:"createdAt"`
	UpdatedAt  string `json:"updatedAt"`
	Version    int    `json:"version"`
}

var applicationQuery = newQuery(func(s scope) string {
	return `SELECT a.id, a.code, a.name, a.type, a.access_type, a.status, a.created_at, a.updated_at, a.version
		FROM applications a WHERE a.id = :id AND ` + s.application()
})

// application answers null when there is no such application, or none the caller can see.
func (s *Server) application(r *http.Request, c *caller) (any, error) {
	var a applicationRow
	var created, updated time.Time
	err := s.single(r.Context(), applicationQuery, params{caller: c, now: time.Now(), id: r.PathValue("id")},
		&a.ID, &a.Code, &a.Name, &a.Type, &a.AccessType, &a.Status, &created, &updated, &a.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return applicationAnswer{}, nil
	}
	a.CreatedAt, a.UpdatedAt = created.UTC().Format(timeFormat), updated.UTC().Format(timeFormat)
	return applicationAnswer{&a}, err
}
