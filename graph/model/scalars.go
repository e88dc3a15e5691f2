package model

import (
	"errors"
	"io"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/clock"
)

// timeFormat is RFC 3339 in UTC with microseconds, always six digits, so that instants sort as text.
const timeFormat = "2006-01-02T15:04:05.000000Z"

// MarshalDateTime writes an instant.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, t.UTC().Format(`"`+timeFormat+`"`))
	})
}

// UnmarshalDateTime reads an RFC 3339 instant, in any zone.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, errors.New("a DateTime is a string")
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, errors.New("a DateTime is written as RFC 3339 says, such as 2026-11-21T09:30:00Z")
	}
	return clock.Truncate(t), nil
}

// JSON is a text that is JSON already.
type JSON string

// MarshalJSON writes a JSON value as it is.
func MarshalJSON(j JSON) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, string(j)) })
}

// UnmarshalJSON reads no JSON: the schema takes none.
func UnmarshalJSON(any) (JSON, error) { return "", errors.New("JSON is not taken as an argument") }

// Node is any object with an id: one of ent's entities that the SDL declares as Node.
type Node any

// Viewer is the caller.
type Viewer struct {
	User        *ent.User
	Client      *ent.Tenant
	Membership  *ent.Membership
	Session     *ent.Session
	Authorities []string
}
