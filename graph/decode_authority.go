package graph

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/ent/permission"
	"github.com/appanage/appanage/ent/predicate"
	"github.com/appanage/appanage/ent/role"
	"github.com/appanage/appanage/ent/rolepackage"
	"github.com/appanage/appanage/graph/list"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/oid"
)

// permissionByID, roleByID, packageByID and membershipByID read the result of a mutation for its payload.
func (r *Resolver) permissionByID(ctx context.Context, id oid.Permission) (*ent.Permission, error) {
	return r.DB.Client(ctx).Permission.Query().Where(permission.ID(id)).Only(ctx)
}

func (r *Resolver) roleByID(ctx context.Context, id oid.Role) (*ent.Role, error) {
	return r.DB.Client(ctx).Role.Query().Where(role.ID(id)).Only(ctx)
}

func (r *Resolver) packageByID(ctx context.Context, id oid.Package) (*ent.RolePackage, error) {
	return r.DB.Client(ctx).RolePackage.Query().Where(rolepackage.ID(id)).Only(ctx)
}

func (r *Resolver) membershipByID(ctx context.Context, id oid.Membership) (*ent.Membership, error) {
	return r.DB.Client(ctx).Membership.Query().Where(membership.ID(id)).Only(ctx)
}

// withList decodes a command on one object and a list of others.
func withList[K, V oid.ID](id, field string, list []string, command func(context.Context, K, []V) error) func(context.Context) (K, error) {
	return func(ctx context.Context) (K, error) {
		var errs apperr.Collector
		key, err := parseID[K]("input.id", id)
		errs.AddErr(err)
		others, err := parseIDs[V]("input."+field, list)
		if e, ok := apperr.As(err); ok {
			for _, one := range e.All() {
				errs.Add(one)
			}
		}
		if err := errs.Err(); err != nil {
			return "", err
		}
		return key, command(ctx, key, others)
	}
}

// withVersion decodes a command on one object, of a version that may be given.
func withVersion[K oid.ID](id string, expected *int, command func(context.Context, K, *int) error) func(context.Context) (K, error) {
	return func(ctx context.Context) (K, error) {
		key, err := parseID[K]("input.id", id)
		if err != nil {
			return "", err
		}
		return key, command(ctx, key, expected)
	}
}

func (r *Resolver) createPermission(ctx context.Context, input model.PermissionCreateInput) (oid.Permission, error) {
	app, err := parseID[oid.Application]("input.applicationId", input.ApplicationID)
	if err != nil {
		return "", err
	}
	return r.Authority.CreatePermission(ctx, authority.CreatePermission{Application: app, Name: input.Name, Description: text(input.Description)})
}

func (r *Resolver) updatePermission(ctx context.Context, input model.PermissionUpdateInput) (oid.Permission, error) {
	id, err := parseID[oid.Permission]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	return id, r.Authority.UpdatePermission(ctx, authority.UpdatePermission{
		ID: id, ExpectedVersion: input.ExpectedVersion.Value(), Description: input.Description.Value(),
	})
}

func (r *Resolver) createRole(ctx context.Context, input model.RoleCreateInput) (oid.Role, error) {
	var errs apperr.Collector
	owner, err := optionalID[oid.Client]("input.clientId", input.ClientID)
	errs.AddErr(err)
	app, err := optionalID[oid.Application]("input.applicationId", input.ApplicationID)
	errs.AddErr(err)
	if err := errs.Err(); err != nil {
		return "", err
	}
	return r.Authority.CreateRole(ctx, authority.CreateRole{Owner: owner, Application: app, Name: input.Name, Description: text(input.Description)})
}

func (r *Resolver) updateRole(ctx context.Context, input model.RoleUpdateInput) (oid.Role, error) {
	id, err := parseID[oid.Role]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	return id, r.Authority.UpdateRole(ctx, authority.UpdateRole{
		ID: id, ExpectedVersion: input.ExpectedVersion.Value(), Name: input.Name.Value(), Description: input.Description.Value(),
	})
}

func (r *Resolver) createPackage(ctx context.Context, input model.PackageCreateInput) (oid.Package, error) {
	var errs apperr.Collector
	owner, err := optionalID[oid.Client]("input.clientId", input.ClientID)
	errs.AddErr(err)
	app, err := optionalID[oid.Application]("input.applicationId", input.ApplicationID)
	errs.AddErr(err)
	if err := errs.Err(); err != nil {
		return "", err
	}
	return r.Authority.CreatePackage(ctx, authority.CreatePackage{
		Owner: owner, Application: app, Code: input.Code, Name: input.Name, Description: text(input.Description), Base: input.Base,
	})
}

func (r *Resolver) updatePackage(ctx context.Context, input model.PackageUpdateInput) (oid.Package, error) {
	id, err := parseID[oid.Package]("input.id", input.ID)
	if err != nil {
		return "", err
	}
	return id, r.Authority.UpdatePackage(ctx, authority.UpdatePackage{
		ID: id, ExpectedVersion: input.ExpectedVersion.Value(), Name: input.Name.Value(), Description: input.Description.Value(),
	})
}

// membershipsOf brings the conditions of a filter to ent's form, for what is decided on before the list is cut to pages.
func membershipsOf(ctx context.Context, filter map[string]any) ([]predicate.Membership, error) {
	conditions := list.Kinds["Membership"].Conditions(actor.From(ctx), filter)
	among := make([]predicate.Membership, len(conditions.Predicates))
	for i, p := range conditions.Predicates {
		among[i] = func(q *sql.Selector) { q.Where(p(q.C)) }
	}
	return among, conditions.Err
}
