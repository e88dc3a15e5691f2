package bundle

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// rights puts the permissions, roles and packages of a document into an application, by the commands that everybody runs, as
// the caller: he changes what is his to change, and gives nobody what he does not hold.
type rights struct {
	s         *Service
	commands  *authority.Service
	j         *application.Judged
	doc       *Document
	operation string
	owner     oid.Client // of what is made

	stored     *authority.Provided
	known      known
	roles      map[string]oid.Role // of the document, by name
	fresh      map[oid.Role]bool   // made just now
	touched    map[string]bool     // roles that were changed
	ids        map[string]oid.Permission
	facts      map[string]authz.Permission
	codes      map[string]bool // of packages that the owner has
	permission counts
	pkg        counts
}

// counts are what was made, changed, and is in the bundle no more.
type counts struct{ made, changed, dropped int }

// at refuses what a command says of its own input, where the document has it.
func at(pointer string, err error) error {
	if e, ok := apperr.As(err); ok {
		return apperr.At(atBundle, e.Code, "%s: %s", pointer, e.Message)
	}
	return err
}

func place(list string, i int) string { return "/" + list + "/" + strconv.Itoa(i) }

// put does it all. What is in the document no more stays: people hold it.
func (r *rights) put(ctx context.Context, tx *ent.Client) error {
	clients, err := r.s.providers(ctx, r.j)
	if err != nil {
		return err
	}
	if r.stored, err = r.commands.Provided(ctx, r.j.Application, clients); err != nil {
		return err
	}
	if r.owner, err = r.s.owner(ctx, tx, r.j); err != nil {
		return err
	}
	r.known = knownOf(r.stored)
	r.roles, r.fresh, r.touched = map[string]oid.Role{}, map[oid.Role]bool{}, map[string]bool{}
	for _, step := range []func(context.Context) error{
		r.permissions, r.makeRoles, r.readPermissions, r.takeFromRoles, r.giveToRoles, r.packages,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// permissions of the application itself.
func (r *rights) permissions(ctx context.Context) (err error) {
	drafts, named := make([]authority.PermissionDraft, len(r.doc.Permissions)), map[string]bool{}
	for i, p := range r.doc.Permissions {
		drafts[i], named[p.Name] = authority.PermissionDraft{Name: p.Name, Description: p.Description}, true
	}
	for _, p := range r.stored.Permissions {
		if !named[p.Name] {
			r.permission.dropped++
		}
	}
	r.permission.made, r.permission.changed, err = r.commands.ProvidePermissions(ctx, r.j.Application, r.operation, r.stored.Permissions, drafts)
	return err
}

// makeRoles makes the roles that there are not, and describes the others.
func (r *rights) makeRoles(ctx context.Context) error {
	for i, role := range r.doc.Roles {
		stored := r.known.roles[role.Name]
		if stored == nil {
			id, err := r.commands.CreateRole(ctx, authority.CreateRole{Owner: r.owner, Application: r.j.ID, Name: role.Name, Description: role.Description})
			if err != nil {
				return at(place("roles", i), err)
			}
			r.roles[role.Name], r.fresh[id] = id, true
			continue
		}
		r.roles[role.Name] = stored.ID
		if stored.Description == role.Description {
			continue
		}
		r.touched[role.Name] = true
		if err := r.commands.UpdateRole(ctx, authority.UpdateRole{ID: stored.ID, Description: &role.Description}); err != nil {
			return at(place("roles", i), err)
		}
	}
	return nil
}

// here is the authority of a permission in this application, where the document has it as it was where it comes from.
func (r *rights) here(authority string) string {
	if name, own := r.doc.own(authority); own {
		return r.j.Code + "." + name
	}
	return authority
}

// authoritiesAtOnce is how many are read at once.
const authoritiesAtOnce = 500

// readPermissions finds all that roles of the document hold.
func (r *rights) readPermissions(ctx context.Context) error {
	named := map[string]bool{}
	for _, role := range r.doc.Roles {
		for _, a := range role.Permissions {
			named[r.here(a)] = true
		}
	}
	r.ids, r.facts = map[string]oid.Permission{}, map[string]authz.Permission{}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(named)), authoritiesAtOnce) {
		ids, facts, err := r.commands.Named(ctx, some)
		if err != nil {
			return err
		}
		maps.Copy(r.ids, ids)
		maps.Copy(r.facts, facts)
	}
	return nil
}

// held is what a role of the document has today.
func (r *rights) held(name string) *authority.ProvidedRole {
	if stored := r.known.roles[name]; stored != nil {
		return stored
	}
	return &authority.ProvidedRole{}
}

// takeFromRoles takes out of roles what they have no more, before anything is put in: so no circle is seen where there is
// none in the end. Permissions of other applications, and roles that are none of this one's, stay: no bundle has them.
func (r *rights) takeFromRoles(ctx context.Context) error {
	for i, role := range r.doc.Roles {
		stored := r.held(role.Name)
		var permissions []oid.Permission
		for id, p := range stored.Permissions {
			if !p.Foreign && !slices.ContainsFunc(role.Permissions, func(a string) bool { return r.here(a) == p.Authority }) {
				permissions = append(permissions, id)
			}
		}
		if err := r.change(ctx, role.Name, r.commands.RemovePermissions, sorted(permissions)); err != nil {
			return at(place("roles", i)+"/permissions", err)
		}
		subs := r.over(stored.SubRoles, role.SubRoles)
		if err := r.changeSubRoles(ctx, role.Name, r.commands.RemoveSubRoles, subs); err != nil {
			return at(place("roles", i)+"/subRoles", err)
		}
	}
	return nil
}

// over are those of some roles that a bundle has names for, and that it does not name here.
func (r *rights) over(have []oid.Role, want []string) (over []oid.Role) {
	for _, id := range have {
		if name, is := r.known.roleName[id]; is && !slices.Contains(want, name) {
			over = append(over, id)
		}
	}
	return over
}

// lacking are the roles that a document names here, and that are not among some.
func (r *rights) lacking(have []oid.Role, want []string) (lacking []oid.Role) {
	for _, name := range want {
		if id := r.roles[name]; !slices.Contains(have, id) {
			lacking = append(lacking, id)
		}
	}
	return lacking
}

func sorted[T ~string](ids []T) []T {
	slices.Sort(ids)
	return ids
}

// giveToRoles puts into roles what they have not had.
func (r *rights) giveToRoles(ctx context.Context) error {
	for i, role := range r.doc.Roles {
		stored := r.held(role.Name)
		var permissions []oid.Permission
		for j, a := range role.Permissions {
			id := r.ids[r.here(a)]
			if _, has := stored.Permissions[id]; has {
				continue
			}
			if id == "" || !r.commands.MayGive(ctx, r.facts[r.here(a)]) {
				return apperr.At(atBundle, apperr.NotAllowed, "%s/permissions/%d: nobody gives what he does not hold: you lack %s", place("roles", i), j, shortened(a))
			}
			permissions = append(permissions, id)
		}
		if err := r.change(ctx, role.Name, r.commands.AddPermissions, permissions); err != nil {
			return at(place("roles", i)+"/permissions", err)
		}
	}
	for i, role := range r.doc.Roles { // when all hold what they hold
		subs := r.lacking(r.held(role.Name).SubRoles, role.SubRoles)
		if err := r.changeSubRoles(ctx, role.Name, r.commands.AddSubRoles, subs); err != nil {
			return at(place("roles", i)+"/subRoles", err)
		}
	}
	return nil
}

// change runs a command on permissions of a role, where there are any.
func (r *rights) change(ctx context.Context, name string, command func(context.Context, oid.Role, []oid.Permission) error, permissions []oid.Permission) error {
	if len(permissions) == 0 {
		return nil
	}
	r.touched[name] = true
	return command(ctx, r.roles[name], permissions)
}

func (r *rights) changeSubRoles(ctx context.Context, name string, command func(context.Context, oid.Role, []oid.Role) error, subs []oid.Role) error {
	if len(subs) == 0 {
		return nil
	}
	r.touched[name] = true
	return command(ctx, r.roles[name], subs)
}

// role counts roles.
func (r *rights) role() (c counts) {
	c.made = len(r.fresh)
	for name := range r.touched {
		if !r.fresh[r.roles[name]] {
			c.changed++
		}
	}
	for name := range r.known.roles {
		if _, is := r.roles[name]; !is {
			c.dropped++
		}
	}
	return c
}

// packages makes those that there are not, describes the others, and puts roles in and out.
func (r *rights) packages(ctx context.Context) error {
	codes, err := store.Column[string](ctx, r.s.db, "SELECT code FROM packages WHERE client_id = ?", r.owner)
	if err != nil {
		return fmt.Errorf("bundle: read the codes of packages: %w", err)
	}
	r.codes = map[string]bool{}
	for _, code := range codes {
		r.codes[code] = true
	}
	named := map[string]bool{}
	for i, p := range r.doc.Packages {
		named[p.Name] = true
		if err := r.putPackage(ctx, p); err != nil {
			return at(place("packages", i), err)
		}
	}
	for name := range r.known.packages {
		if !named[name] {
			r.pkg.dropped++
		}
	}
	return nil
}

func (r *rights) putPackage(ctx context.Context, p Package) error {
	stored := r.known.packages[p.Name]
	if stored == nil {
		code := r.freeCode(p.code())
		id, err := r.commands.CreatePackage(ctx, authority.CreatePackage{Owner: r.owner, Application: r.j.ID, Code: code, Name: p.Name, Description: p.Description})
		if err != nil {
			return err
		}
		r.pkg.made++
		if roles := r.lacking(nil, p.Roles); len(roles) > 0 {
			return r.commands.AddPackageRoles(ctx, id, roles)
		}
		return nil
	}
	over, lacking := r.over(stored.Roles, p.Roles), r.lacking(stored.Roles, p.Roles)
	if stored.Description != p.Description || len(over)+len(lacking) > 0 {
		r.pkg.changed++
	}
	if stored.Description != p.Description {
		if err := r.commands.UpdatePackage(ctx, authority.UpdatePackage{ID: stored.ID, Description: &p.Description}); err != nil {
			return err
		}
	}
	if len(over) > 0 {
		if err := r.commands.RemovePackageRoles(ctx, stored.ID, over); err != nil {
			return err
		}
	}
	if len(lacking) > 0 {
		return r.commands.AddPackageRoles(ctx, stored.ID, lacking)
	}
	return nil
}

// longestCode is the longest code of a package.
const longestCode = 64

// freeCode is a code that its owner has no package of: the one asked for, or that with a number. Codes have no say in what a
// bundle finds again: names have.
func (r *rights) freeCode(code string) string {
	try := code
	for n := 2; r.codes[try]; n++ {
		number := "_" + strconv.Itoa(n)
		try = code[:min(len(code), longestCode-len(number))] + number
	}
	r.codes[try] = true
	return try
}
