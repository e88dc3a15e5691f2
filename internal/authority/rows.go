package authority

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/permission"
	"github.com/appanage/appanage/ent/predicate"
	"github.com/appanage/appanage/ent/role"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// longestDescription is the longest description of anything, in characters.
const longestDescription = 1024

// checkDescription brings a description to its stored form, and notes what is wrong with it. It may have several lines.
func checkDescription(errs *apperr.Collector, text *string) {
	*text = fold.Text(*text)
	if n := utf8.RuneCountInString(*text); n > longestDescription {
		errs.Add(apperr.At("input.description", apperr.Invalid, "a description has at most %d characters, not %d", longestDescription, n))
	} else if strings.ContainsFunc(*text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		errs.Add(apperr.At("input.description", apperr.Invalid, "a description has no control characters"))
	}
}

// item is an object that a command names in a list, with its place in the input.
type item[K oid.ID] struct {
	id   K
	path string
}

// itemsOf are the objects of a list, each at its first place.
func itemsOf[K oid.ID](path string, ids []K) []item[K] {
	out := make([]item[K], 0, len(ids))
	for i, id := range ids {
		if slices.Index(ids, id) == i {
			out = append(out, item[K]{id, path + "." + strconv.Itoa(i)})
		}
	}
	return out
}

// some reads a list that must not be empty.
func some[K oid.ID](path string, ids []K) ([]item[K], error) {
	if len(ids) == 0 {
		return nil, apperr.At(path, apperr.Invalid, "name at least one %s", oid.Name[K]())
	}
	return itemsOf(path, ids), nil
}

func idsIn[K oid.ID](named []item[K]) []K {
	out := make([]K, len(named))
	for i, it := range named {
		out[i] = it.id
	}
	return out
}

// among keeps the items that are in a list, or those that are not.
func among[K oid.ID](named []item[K], list []K, in bool) []item[K] {
	return slices.DeleteFunc(slices.Clone(named), func(it item[K]) bool { return slices.Contains(list, it.id) != in })
}

// inSight finds the rows of the items among those that were read in the caller's scope. NOT_FOUND at the place of each
// that is not among them.
func inSight[T any, K oid.ID](rows []*T, id func(*T) K, named []item[K]) (map[K]*T, error) {
	found := make(map[K]*T, len(rows))
	for _, row := range rows {
		found[id(row)] = row
	}
	var errs apperr.Collector
	for _, it := range named {
		if found[it.id] == nil {
			errs.Add(apperr.At(it.path, apperr.NotFound, "no such %s", oid.Name[K]()))
		}
	}
	return found, errs.Err()
}

// rolesInSight reads roles that the caller sees; shared, where something is to be tied to them. Locks are taken after that
// of the graph, where there is one.
func rolesInSight(ctx context.Context, tx *ent.Client, named []item[oid.Role], locks ...predicate.Role) (map[oid.Role]*ent.Role, error) {
	rows, err := tx.Role.Query().Where(role.IDIn(idsIn(named)...)).Where(locks...).Order(ent.Asc(role.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("authority: read roles: %w", err)
	}
	return inSight(rows, func(r *ent.Role) oid.Role { return r.ID }, named)
}

func permissionsInSight(ctx context.Context, tx *ent.Client, named []item[oid.Permission], locks ...predicate.Permission) error {
	rows, err := tx.Permission.Query().Where(permission.IDIn(idsIn(named)...)).Where(locks...).Order(ent.Asc(permission.FieldID)).All(ctx)
	if err != nil {
		return fmt.Errorf("authority: read permissions: %w", err)
	}
	_, err = inSight(rows, func(p *ent.Permission) oid.Permission { return p.ID }, named)
	return err
}

// clientsInScope locks clients, in the order of their ids. NOT_FOUND at the place of each that is not in scope.
func (s *Service) clientsInScope(ctx context.Context, tx *ent.Client, named []item[oid.Client]) error {
	query := tx.Tenant.Query().Where(tenant.IDIn(idsIn(named)...), scope.Listed(ctx, "Tenant")).Order(ent.Asc(tenant.FieldID))
	rows, err := store.ForUpdate(s.db, query).All(ctx)
	if err != nil {
		return fmt.Errorf("authority: read clients: %w", err)
	}
	_, err = inSight(rows, func(c *ent.Tenant) oid.Client { return c.ID }, named)
	return err
}

// owner is the client named for what is made, or the caller's: locked, so that it does not go meanwhile, but shared with
// all others who make something of it.
func owner(ctx context.Context, tx *ent.Client, client oid.Client) (oid.Client, error) {
	if client == "" {
		client = actor.From(ctx).Client
	}
	_, err := tx.Tenant.Query().Where(tenant.ID(client), scope.Listed(ctx, "Tenant"), store.Shared).Only(ctx)
	if ent.IsNotFound(err) {
		return "", apperr.At("input.clientId", apperr.NotFound, "no such client")
	}
	if err != nil {
		return "", fmt.Errorf("authority: read the owner: %w", err)
	}
	return client, nil
}

// mayChange: what came with the platform never changes, and what others own is theirs to change.
func mayChange(ctx context.Context, tx *ent.Client, owner oid.Client, builtIn bool) error {
	if builtIn {
		return apperr.At("input.id", apperr.NotAllowed, "it came with the platform, and never changes")
	}
	in, err := store.InScope(ctx, tx, owner)
	if err == nil && !in {
		return apperr.At("input.id", apperr.NotAllowed, "it belongs to a client out of your scope")
	}
	return err
}

// mayBeFor asks that a role or package of a client can be for an application: one which that client owns or may write,
// and the caller sees, and that is in use. SYSTEM's can be for any such. The application is locked, so that it is not removed
// meanwhile.
func (s *Service) mayBeFor(ctx context.Context, tx *ent.Client, owner oid.Client, app oid.Application) error {
	const path = "input.applicationId"
	row, err := store.ForUpdate(s.db, tx.Application.Query().Where(application.ID(app))).Only(ctx)
	if ent.IsNotFound(err) {
		return apperr.At(path, apperr.NotFound, "no such application")
	}
	if err != nil {
		return fmt.Errorf("authority: read the application: %w", err)
	}
	if !s.rules.Grows(row.Status) {
		return apperr.Archived(path)
	}
	if owner == oid.SystemClient || owner == row.ClientID {
		return nil
	}
	grants, err := tx.AccessGrant.Query().Where(accessgrant.ApplicationID(app), accessgrant.ClientID(owner)).All(ctx)
	if err != nil {
		return fmt.Errorf("authority: read the grant: %w", err)
	}
	for _, g := range grants { // at most one
		grant := authz.Grant{Level: g.Level, ExpiresAt: g.ExpiresAt}
		if authz.Access(row.ClientID, owner, &grant, actor.From(ctx).Now()) == enum.LevelWrite {
			return nil
		}
	}
	return apperr.At(path, apperr.NotAllowed, "its owner must own the application, or have write access to it")
}
