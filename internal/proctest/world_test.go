package proctest

import (
	"context"
	"testing"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

const (
	secret   = "a-secret-of-the-tests-of-40-characters-x"
	password = "correct horse battery staple 7"
)

// engines runs a test on each engine, on an empty database.
func engines(t *testing.T, f func(t *testing.T, engine store.Engine, c call)) {
	t.Helper()
	for name, engine := range map[string]store.Engine{"sqlite": store.SQLite, "mysql": store.MySQL} {
		t.Run(name, func(t *testing.T) {
			t.Helper()
			t.Parallel()
			c := call{env: map[string]string{"DATABASE": testkit.Database(t, engine)}}
			if engine == store.MySQL {
				c.env["SECRET"] = secret
			}
			f(t, engine, c)
		})
	}
}

// with is the call with one more variable in its environment.
func (c call) with(name, value string) call {
	env := map[string]string{name: value}
	for n, v := range c.env {
		if n != name {
			env[n] = v
		}
	}
	c.env = env
	return c
}

// look opens the database of a call beside the program.
func look(t *testing.T, c call) (context.Context, *store.DB) {
	t.Helper()
	db, err := store.Open(t.Context(), c.env["DATABASE"], store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return actor.System(t.Context(), "a test looks at what the program wrote"), db
}
