package store_test

import (
	"context"
	"testing"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit"
)

func BenchmarkX(b *testing.B) {
	for _, e := range []store.Engine{store.SQLite, store.MySQL} {
		db := testkit.DB(b, e, store.Options{})
		t := &testing.T{}
		_ = t
		b.Run(string(e), func(b *testing.B) {
			w := benchWorld
			if w == nil || w.db != db {
				tt := new(testing.T)
				_ = tt
			}
			w = newWorldB(b, db)
			ctx, cancel := context.WithCancel(w.listed(b.Context()))
			defer cancel()
			b.Run("get", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := db.Ent().Application.Get(ctx, w.myApp); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("raw", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					rows, err := db.Query(ctx, "SELECT id, created_at, updated_at, version, code, name, name_key, type, access_type, status, thumbnail_url, client_id, creator_id FROM applications WHERE id = ?", w.myApp)
					if err != nil {
						b.Fatal(err)
					}
					var s [13]any
					var p [13]any
					for i := range s {
						p[i] = &s[i]
					}
					for rows.Next() {
						_ = rows.Scan(p[:]...)
					}
					_ = rows.Close()
				}
			})
			b.Run("write", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
						if _, err := tx.Application.Get(ctx, w.myApp); err != nil {
							return err
						}
						return tx.Application.UpdateOneID(w.myApp).SetName("x").Exec(ctx)
					}); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

var benchWorld *world
