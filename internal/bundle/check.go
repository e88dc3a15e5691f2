package bundle

import (
	"slices"
	"strconv"
	"strings"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/application"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/property"
)

// check looks at what the parts of a document say of each other, and brings names to their stored form by the rules of the
// commands that will make what they name.
func (d *Document) check() error {
	if n := d.references(); n > maxReferences {
		return wrong("", "its roles and packages name permissions and roles %d times, more than %d", n, maxReferences)
	}
	for _, step := range []func() error{d.checkApplication, d.checkProperties, d.checkPermissions, d.checkRoles, d.checkNesting, d.checkPackages} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// references counts what roles and packages name.
func (d *Document) references() (n int) {
	for _, r := range d.Roles {
		n += len(r.Permissions) + len(r.SubRoles)
	}
	for _, p := range d.Packages {
		n += len(p.Roles)
	}
	return n
}

// by refuses what a command says of its own input, at a place of the document.
func by(pointer string, err error) error {
	if e, ok := apperr.As(err); ok {
		return wrong(pointer, "%s", e.Message)
	}
	return err
}

func (d *Document) checkApplication() error {
	create := application.Create{
		Name: d.Application.Name, Code: d.Application.Code, Type: d.Application.Type, AccessType: enum.AccessExplicit, ThumbnailURL: d.Application.ThumbnailURL,
	}
	if e, ok := apperr.As(create.Validate()); ok {
		for _, one := range e.All() {
			if one.Code == apperr.Invalid { // a code may be kept by this platform: nobody gets it here
				return wrong("/application/"+one.Path[len(one.Path)-1], "%s", one.Message)
			}
		}
	}
	if create.Code != d.Application.Code || create.Code == "" {
		return wrong("/application/code", "this is not the code of an application")
	}
	d.Application.Name = create.Name
	return nil
}

// unlike tells of each name whether it came before.
func unlike() func(pointer, name string) error {
	seen := map[string]bool{}
	return func(pointer, name string) error {
		if seen[name] {
			return wrong(pointer, "this name is there twice")
		}
		seen[name] = true
		return nil
	}
}

func (d *Document) checkProperties() error {
	fresh := unlike()
	for i, p := range d.Properties {
		at := "/properties/" + strconv.Itoa(i) + "/name"
		if slices.Contains(property.Addresses(), p.Name) {
			return wrong(at, "%s says where an application is found, and is in no bundle", p.Name)
		}
		if err := fresh(at, p.Name); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) checkPermissions() error {
	fresh := unlike()
	for i, p := range d.Permissions {
		at := "/permissions/" + strconv.Itoa(i)
		create := authority.CreatePermission{Name: p.Name, Description: p.Description}
		if err := create.Validate(); err != nil {
			return by(at, err)
		}
		d.Permissions[i] = Permission{Name: create.Name, Description: create.Description}
		if err := fresh(at+"/name", create.Name); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) checkRoles() error {
	fresh := unlike()
	for i, r := range d.Roles {
		at := "/roles/" + strconv.Itoa(i)
		create := authority.CreateRole{Name: r.Name, Description: r.Description}
		if err := create.Validate(); err != nil {
			return by(at, err)
		}
		if create.Name != r.Name {
			return wrong(at+"/name", "a name has no spaces around it, and is composed as far as it can be (NFC)")
		}
		d.Roles[i].Description = create.Description
		if err := fresh(at+"/name", r.Name); err != nil {
			return err
		}
		for j, a := range r.Permissions {
			if own, ok := d.own(a); ok && !slices.ContainsFunc(d.Permissions, func(p Permission) bool { return p.Name == own }) {
				return wrong(at+"/permissions/"+strconv.Itoa(j), "the bundle has no such permission")
			}
		}
	}
	return nil
}

// own gives the name of a permission of the application itself by its authority.
func (d *Document) own(authority string) (name string, ok bool) {
	return strings.CutPrefix(authority, d.Application.Code+".")
}

// checkNesting asks that sub-roles are roles of the bundle, and that none includes itself, by whatever way.
func (d *Document) checkNesting() error {
	index := make(map[string]int, len(d.Roles))
	for i, r := range d.Roles {
		index[r.Name] = i
	}
	const under, done = 1, 2
	state := make([]int, len(d.Roles))
	var visit func(i int) error
	visit = func(i int) error {
		state[i] = under
		for j, name := range d.Roles[i].SubRoles {
			at := "/roles/" + strconv.Itoa(i) + "/subRoles/" + strconv.Itoa(j)
			sub, ok := index[name]
			switch {
			case !ok:
				return wrong(at, "the bundle has no such role")
			case state[sub] == under:
				return wrong(at, "roles would include each other in a circle")
			case state[sub] == done:
				continue
			}
			if err := visit(sub); err != nil {
				return err
			}
		}
		state[i] = done
		return nil
	}
	for i := range d.Roles {
		if state[i] == 0 {
			if err := visit(i); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Document) checkPackages() error {
	fresh, known := unlike(), map[string]bool{}
	for _, r := range d.Roles {
		known[r.Name] = true
	}
	for i, p := range d.Packages {
		at := "/packages/" + strconv.Itoa(i)
		create := authority.CreatePackage{Code: p.code(), Name: p.Name, Description: p.Description}
		if err := create.Validate(); err != nil {
			return by(at, err)
		}
		if create.Name != p.Name || create.Code != p.code() {
			return wrong(at, "names and codes have no spaces around them, and are composed as far as they can be (NFC)")
		}
		d.Packages[i].Description = create.Description
		if err := fresh(at+"/name", p.Name); err != nil {
			return err
		}
		for j, name := range p.Roles {
			if !known[name] {
				return wrong(at+"/roles/"+strconv.Itoa(j), "the bundle has no such role")
			}
		}
	}
	return nil
}

// code is what a package is to be called: as it says, or as every package without a code.
func (p Package) code() string {
	if p.Code == "" {
		return "PACKAGE"
	}
	return p.Code
}
