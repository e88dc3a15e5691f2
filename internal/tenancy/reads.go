package tenancy

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/clientpath"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// EffectiveStatus is the status in force for a client that the caller sees in full (domain 1.5): SUSPENDED where it, or
// one above it, is suspended. Which one is not said.
func (s *Service) EffectiveStatus(ctx context.Context, id oid.Client) (enum.ClientStatus, error) {
	barred, err := Barred(ctx, s.db.Client(ctx), id)
	return effective(barred), err
}

// Barred tells whether a client, or one above it, is suspended.
func Barred(ctx context.Context, db *ent.Client, id oid.Client) (bool, error) {
	barred, err := db.ClientPath.Query().
		Where(clientpath.DescendantID(id), clientpath.HasTenantWith(tenant.StatusNEQ(enum.ClientActive))).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("tenancy: read the status in force: %w", err)
	}
	return barred, nil
}

// Manages tells whether a client is another one, or lies above it.
func Manages(ctx context.Context, db *ent.Client, above, below oid.Client) (bool, error) {
	manages, err := db.ClientPath.Query().Where(clientpath.TenantID(above), clientpath.DescendantID(below)).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("tenancy: read the way up: %w", err)
	}
	return manages, nil
}

func effective(barred bool) enum.ClientStatus {
	if barred {
		return enum.ClientSuspended
	}
	return enum.ClientActive
}

// BarredBy is what the read planner asks for the status in force of the client in a column: the id of a suspended client
// on the path down to it, or nothing.
func BarredBy(client string) *sql.Selector {
	p, above := sql.Table("client_paths").As("status_path"), sql.Table("clients").As("status_above")
	return sql.Select(above.C("id")).From(p).Join(above).On(above.C("id"), p.C("ancestor_id")).
		Where(sql.And(sql.ColumnsEQ(p.C("descendant_id"), client), sql.NEQ(above.C("status"), enum.ClientActive))).Limit(1)
}

// StatusOf is the status in force, of what BarredBy gave.
func StatusOf(barredBy string) enum.ClientStatus { return effective(barredBy != "") }

// LevelOf is what the read planner asks for the level of the client in a column.
func LevelOf(client string) *sql.Selector {
	p := sql.Table("client_paths").As("level_path")
	return sql.Select(p.C("depth")).From(p).
		Where(sql.And(sql.EQ(p.C("ancestor_id"), oid.SystemClient), sql.ColumnsEQ(p.C("descendant_id"), client)))
}
