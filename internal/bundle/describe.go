package bundle

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// providers are the clients whose roles and packages, bound to an application, are part of what it comes with: the owner,
// and the creator, who brought it in, unless he is above the owner. What other clients have made for themselves is theirs.
func (s *Service) providers(ctx context.Context, j *application.Judged) ([]oid.Client, error) {
	if j.CreatorID == j.ClientID {
		return []oid.Client{j.ClientID}, nil
	}
	var depth int
	above, err := s.db.First(ctx, []any{&depth}, "SELECT depth FROM client_paths WHERE ancestor_id = ? AND descendant_id = ?", j.CreatorID, j.ClientID)
	if err != nil {
		return nil, fmt.Errorf("bundle: look for the creator above the owner: %w", err)
	}
	if above {
		return []oid.Client{j.ClientID}, nil
	}
	return []oid.Client{j.ClientID, j.CreatorID}, nil
}

// known are the roles and packages of an application by the names that a bundle has for them: no two the same. Of several
// with one name the oldest has it, and the others have a number after it.
type known struct {
	roles    map[string]*authority.ProvidedRole
	packages map[string]*authority.ProvidedPackage
	roleName map[oid.Role]string
}

func knownOf(p *authority.Provided) known {
	k := known{map[string]*authority.ProvidedRole{}, map[string]*authority.ProvidedPackage{}, map[oid.Role]string{}}
	for _, r := range p.Roles {
		name := free(k.roles, r.Name)
		k.roles[name], k.roleName[r.ID] = r, name
	}
	for _, r := range p.Packages {
		k.packages[free(k.packages, r.Name)] = r
	}
	return k
}

// longestName is the longest name of a role or package, in characters.
const longestName = 128

func free[T any](taken map[string]T, name string) string {
	try := name
	for n := 2; ; n++ {
		if _, is := taken[try]; !is {
			return try
		}
		number := fmt.Sprintf(" (%d)", n)
		for utf8.RuneCountInString(name)+len(number) > longestName {
			_, last := utf8.DecodeLastRuneInString(name)
			name = name[:len(name)-last]
		}
		try = name + number
	}
}

// describe makes a document of an application, without its definitions.
func (s *Service) describe(ctx context.Context, j *application.Judged) (*Document, error) {
	d := &Document{Application: Application{Code: j.Code, Name: j.Name, Type: j.Type, ThumbnailURL: j.ThumbnailURL}}
	properties, secrets, addresses, err := s.Properties.Provided(ctx, j.ID, j.ClientID)
	if err != nil {
		return nil, err
	}
	d.LeftOut.Secrets, d.LeftOut.Addresses = secrets, addresses
	for _, p := range properties {
		d.Properties = append(d.Properties, Property{p.Name, p.Value, p.Public})
	}
	clients, err := s.providers(ctx, j)
	if err != nil {
		return nil, err
	}
	provided, err := s.Authority.Provided(ctx, j.Application, clients)
	if err != nil {
		return nil, err
	}
	for _, p := range provided.Permissions {
		d.Permissions = append(d.Permissions, Permission{p.Name, p.Description})
	}
	d.describeRoles(knownOf(provided))
	return d, nil
}

func (d *Document) describeRoles(k known) {
	for name, r := range k.roles {
		role := Role{Name: name, Description: r.Description}
		for _, p := range r.Permissions {
			if p.Foreign {
				d.LeftOut.Permissions++
			} else {
				role.Permissions = append(role.Permissions, p.Authority)
			}
		}
		role.SubRoles, d.LeftOut.SubRoles = k.names(r.SubRoles, d.LeftOut.SubRoles)
		slices.Sort(role.Permissions)
		d.Roles = append(d.Roles, role)
	}
	for name, p := range k.packages {
		pkg := Package{Code: p.Code, Name: name, Description: p.Description}
		pkg.Roles, d.LeftOut.Roles = k.names(p.Roles, d.LeftOut.Roles)
		d.Packages = append(d.Packages, pkg)
	}
	slices.SortFunc(d.Roles, func(x, y Role) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(d.Packages, func(x, y Package) int { return cmp.Compare(x.Name, y.Name) })
}

// names are those of roles of the bundle, sorted; the others are counted.
func (k known) names(roles []oid.Role, others int) ([]string, int) {
	var names []string
	for _, id := range roles {
		if name, ok := k.roleName[id]; ok {
			names = append(names, name)
		} else {
			others++
		}
	}
	slices.Sort(names)
	return names, others
}

// owner is for whom roles and packages are made that an application has not had: the creator who brings them, or for whom
// the caller may make them, while it writes; else the owner of the application.
func (s *Service) owner(ctx context.Context, tx *ent.Client, j *application.Judged) (oid.Client, error) {
	if !j.Caller.Rules {
		return actor.From(ctx).Client, nil
	}
	if j.AccessType != enum.AccessExplicit || j.CreatorID == j.ClientID {
		return j.ClientID, nil
	}
	in, err := store.InScope(ctx, tx, j.CreatorID)
	if err != nil || !in {
		return j.ClientID, err
	}
	if writes, err := j.CreatorWrites(ctx, tx); err != nil || !writes {
		return j.ClientID, err
	}
	return j.CreatorID, nil
}
