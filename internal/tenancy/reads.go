package tenancy

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/ent/clientpath"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// EffectiveStatus is the status in force for a client that the caller sees in full (domain 1.5): SUSPENDED where it, or
// one above it, is suspended. Which one is not said.
func (s *Service) EffectiveStatus(ctx context.Context, id oid.Client) (enum.ClientStatus, error) {
	barred, err := s.db.Client(ctx).ClientPath.Query().
		Where(clientpath.DescendantID(id), clientpath.HasTenantWith(tenant.StatusNEQ(enum.ClientActive))).Exist(ctx)
	if err != nil {
		return "", fmt.Errorf("tenancy: read the status in force: %w", err)
	}
	return effective(barred), nil
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
