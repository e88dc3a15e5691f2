package store_test

import (
	"context"
	"testing"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

func TestSmoke(t *testing.T) {
	for range 3 {
		testkit.Engines(t, func(t *testing.T, db *store.DB) {
			ctx := actor.System(t.Context(), "test")
			err := db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
				_, err := tx.Tenant.Create().SetID(oid.SystemClient).SetCode("SYSTEM").SetName("System").SetNameKey("system").
					SetType(enum.ClientSystem).SetBaseID(oid.SystemClient).Save(ctx)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			n, err := db.Ent().Tenant.Query().Count(ctx)
			if err != nil || n != 1 {
				t.Fatal(n, err)
			}
		})
	}
}
