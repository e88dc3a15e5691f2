package authority

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Providing is the service for a command that puts a bundle into an application, and has decided that the caller may
// (authz.Rules.Upgrades): the permissions of the application itself count as held by him (domain 12.2). All others he gives
// only as far as he holds them, as ever.
func (s *Service) Providing(app *ent.Application) *Service {
	with := *s
	gives := s.rules.Gives
	with.rules.Gives = func(h authz.Held, p authz.Permission) bool {
		return strings.HasPrefix(p.Authority, app.Code+".") || gives(h, p)
	}
	return &with
}

// Provided is what an application has of permissions, and of roles and packages of those who provide them.
type Provided struct {
	Permissions []ProvidedPermission // by name
	Roles       []*ProvidedRole      // by owner, in the order given, and by age
	Packages    []*ProvidedPackage   // likewise; none of them is a base package
}

// ProvidedPermission is one of the application.
type ProvidedPermission struct {
	ID          oid.Permission
	Client      oid.Client
	Name        string // without the application's code
	Description string
}

// ProvidedRole is one that is bound to the application.
type ProvidedRole struct {
	ID                oid.Role
	Name, Description string
	Permissions       map[oid.Permission]HeldPermission
	SubRoles          []oid.Role
}

// HeldPermission is one that a role holds.
type HeldPermission struct {
	Authority string
	// Foreign: it is of another application.
	Foreign bool
}

// ProvidedPackage is one that is bound to the application.
type ProvidedPackage struct {
	ID                      oid.Package
	Code, Name, Description string
	Roles                   []oid.Role
}

// Provided reads what there is, of clients that provide it: for commands that have decided that the caller may. It takes six
// statements, however much there is.
func (s *Service) Provided(ctx context.Context, app *ent.Application, providers []oid.Client) (*Provided, error) {
	p := &Provided{}
	r := providedReader{s: s, app: app, providers: providers, to: p, roles: map[oid.Role]*ProvidedRole{}, packages: map[oid.Package]*ProvidedPackage{}}
	for _, step := range []func(context.Context) error{r.permissions, r.readRoles, r.held, r.included, r.readPackages, r.contained} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("authority: read what an application provides: %w", err)
		}
	}
	return p, nil
}

type providedReader struct {
	s         *Service
	app       *ent.Application
	providers []oid.Client
	to        *Provided
	roles     map[oid.Role]*ProvidedRole
	packages  map[oid.Package]*ProvidedPackage
}

func (r *providedReader) permissions(ctx context.Context) error {
	return r.s.db.Each(ctx, "SELECT id, client_id, authority, description FROM permissions WHERE application_id = ? ORDER BY authority",
		[]any{r.app.ID}, func(scan func(...any) error) error {
			var p ProvidedPermission
			err := scan(&p.ID, &p.Client, &p.Name, &p.Description)
			p.Name = strings.TrimPrefix(p.Name, r.app.Code+".")
			r.to.Permissions = append(r.to.Permissions, p)
			return err
		})
}

// bound limits a table with the alias t to what is bound to the application, of the providers.
func (r *providedReader) bound() (string, []any) {
	return " t.application_id = ? AND t.client_id IN " + store.Marks(len(r.providers)), append([]any{r.app.ID}, store.Anys(r.providers)...)
}

// order sorts them by their owners as given, then by age.
func (r *providedReader) order(args []any) (string, []any) {
	text := " ORDER BY CASE t.client_id"
	for i, client := range r.providers {
		text += " WHEN ? THEN " + strconv.Itoa(i)
		args = append(args, client)
	}
	return text + " END, t.id", args
}

func (r *providedReader) readRoles(ctx context.Context) error {
	bound, args := r.bound()
	order, args := r.order(args)
	return r.s.db.Each(ctx, "SELECT t.id, t.name, t.description FROM roles AS t WHERE"+bound+order, args, func(scan func(...any) error) error {
		role := &ProvidedRole{Permissions: map[oid.Permission]HeldPermission{}}
		err := scan(&role.ID, &role.Name, &role.Description)
		r.roles[role.ID] = role
		r.to.Roles = append(r.to.Roles, role)
		return err
	})
}

func (r *providedReader) held(ctx context.Context) error {
	bound, args := r.bound()
	return r.s.db.Each(ctx, "SELECT h.role_id, p.id, p.authority, p.application_id FROM roles AS t JOIN role_permissions AS h ON h.role_id = t.id"+
		" JOIN permissions AS p ON p.id = h.permission_id WHERE"+bound, args, func(scan func(...any) error) error {
		var role oid.Role
		var id oid.Permission
		var app *oid.Application
		var p HeldPermission
		if err := scan(&role, &id, &p.Authority, &app); err != nil {
			return err
		}
		p.Foreign = app != nil && *app != r.app.ID
		r.roles[role].Permissions[id] = p
		return nil
	})
}

func (r *providedReader) included(ctx context.Context) error {
	bound, args := r.bound()
	return r.s.db.Each(ctx, "SELECT e.role_id, e.sub_role_id FROM roles AS t JOIN role_sub_roles AS e ON e.role_id = t.id WHERE"+bound+
		" ORDER BY e.role_id, e.sub_role_id", args, func(scan func(...any) error) error {
		var role, sub oid.Role
		if err := scan(&role, &sub); err != nil {
			return err
		}
		r.roles[role].SubRoles = append(r.roles[role].SubRoles, sub)
		return nil
	})
}

func (r *providedReader) readPackages(ctx context.Context) error {
	bound, args := r.bound()
	order, args := r.order(args)
	return r.s.db.Each(ctx, "SELECT t.id, t.code, t.name, t.description FROM packages AS t WHERE t.base = FALSE AND"+bound+order, args, func(scan func(...any) error) error {
		p := &ProvidedPackage{}
		err := scan(&p.ID, &p.Code, &p.Name, &p.Description)
		r.packages[p.ID] = p
		r.to.Packages = append(r.to.Packages, p)
		return err
	})
}

func (r *providedReader) contained(ctx context.Context) error {
	bound, args := r.bound()
	return r.s.db.Each(ctx, "SELECT k.package_id, k.role_id FROM packages AS t JOIN package_roles AS k ON k.package_id = t.id WHERE t.base = FALSE AND"+bound+
		" ORDER BY k.package_id, k.role_id", args, func(scan func(...any) error) error {
		var id oid.Package
		var role oid.Role
		if err := scan(&id, &role); err != nil {
			return err
		}
		r.packages[id].Roles = append(r.packages[id].Roles, role)
		return nil
	})
}

// PermissionDraft is a permission of an application, to be made or described anew.
type PermissionDraft struct{ Name, Description string }

// ProvidePermissions makes permissions of an application for its owner, and describes those anew that there are, whoever the
// caller is (domain 12.2): for commands that have decided that he may, and have locked the application's row. Both counts are
// of what has changed. No permission goes.
func (s *Service) ProvidePermissions(ctx context.Context, app *ent.Application, operation string, have []ProvidedPermission, want []PermissionDraft) (made, changed int, err error) {
	known := make(map[string]ProvidedPermission, len(have))
	for _, p := range have {
		known[p.Name] = p
	}
	now := clock.Now()
	const values = "(?, ?, ?, 1, ?, ?, ?, ?, ?, FALSE)"
	var rows []string
	var args []any
	var events []audit.Event
	for _, p := range want {
		stored, there := known[p.Name]
		switch {
		case there && stored.Description == p.Description:
		case there:
			changed++
			if _, err := s.db.Exec(ctx, "UPDATE permissions SET updated_at = ?, version = version + 1, description = ? WHERE id = ?", now, p.Description, stored.ID); err != nil {
				return 0, 0, fmt.Errorf("authority: describe a permission anew: %w", err)
			}
			events = append(events, audit.Event{Client: stored.Client, Operation: operation, Kind: "Permission", Object: string(stored.ID),
				Before: map[string]any{"description": stored.Description}, After: map[string]any{"description": p.Description}})
		default:
			made++
			id, authority := oid.New[oid.Permission](), app.Code+"."+p.Name
			rows, args = append(rows, values), append(args, id, now, now, app.ClientID, app.ID, authority, fold.Key(authority), p.Description)
			events = append(events, audit.Event{Client: app.ClientID, Operation: operation, Kind: "Permission", Object: string(id),
				After: map[string]any{"authority": authority, "description": p.Description, "applicationId": app.ID}})
		}
	}
	if made > 0 {
		_, err := s.db.Exec(ctx, "INSERT INTO permissions (id, created_at, updated_at, version, client_id, application_id, authority, authority_key, description, built_in) VALUES "+
			strings.Join(rows, ", "), args...)
		if err != nil {
			return 0, 0, fmt.Errorf("authority: insert permissions: %w", err)
		}
	}
	return made, changed, audit.Record(ctx, s.db, events...)
}

// Named are permissions by their authorities, as what decides whether somebody may give them. Whether the caller sees them is
// not asked: who may not give one hears no more of it than of one that there is not.
func (s *Service) Named(ctx context.Context, authorities []string) (map[string]oid.Permission, map[string]authz.Permission, error) {
	ids, facts := map[string]oid.Permission{}, map[string]authz.Permission{}
	if len(authorities) == 0 {
		return ids, facts, nil
	}
	err := s.db.Each(ctx, "SELECT m.id, m.authority, a.client_id FROM permissions AS m LEFT JOIN applications AS a ON a.id = m.application_id"+
		" WHERE m.authority IN "+store.Marks(len(authorities)), store.Anys(authorities), func(scan func(...any) error) error {
		var id oid.Permission
		var p authz.Permission
		var owner *oid.Client
		if err := scan(&id, &p.Authority, &owner); err != nil {
			return err
		}
		if owner != nil {
			p.Owner = *owner
		}
		ids[p.Authority], facts[p.Authority] = id, p
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("authority: read permissions by their authorities: %w", err)
	}
	return ids, facts, nil
}

// MayGive tells whether the caller may give a permission on (domain 3.5).
func (s *Service) MayGive(ctx context.Context, p authz.Permission) bool {
	a := actor.From(ctx)
	return a.IsSystem() || s.rules.Gives(authz.Held{Client: a.Client, Authorities: a.Authorities()}, p)
}
