package testkit_test

import (
	"testing"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

func TestEachTestHasAFreshDatabase(t *testing.T) {
	ran := make(map[string]int)
	for range 3 {
		testkit.Engines(t, func(t *testing.T, db *store.DB) {
			ran[string(db.Engine())]++
			ctx := actor.System(t.Context(), "test")
			if n, err := db.Ent().ClaimedName.Query().Count(ctx); n != 0 || err != nil {
				t.Fatalf("%d rows of another test, %v", n, err)
			}
			if err := db.Ent().ClaimedName.Create().SetID("x").SetClaimedAt(clock.Now()).Exec(ctx); err != nil {
				t.Fatal(err)
			}
		})
	}
	if ran["sqlite3"] != 3 || ran["mysql"] != 3 {
		t.Errorf("ran %v", ran)
	}
}

func TestDatabaseIsEmpty(t *testing.T) {
	for _, engine := range []store.Engine{store.SQLite, store.MySQL} {
		db, err := store.Open(t.Context(), testkit.Database(t, engine), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if files, err := db.Pending(t.Context()); len(files) == 0 || err != nil {
			t.Errorf("%s: pending %q, %v", engine, files, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
