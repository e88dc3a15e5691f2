package store

import (
	"context"
	"errors"
	"reflect"
	"sync"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"

	"github.com/appanage/appanage/ent/schema"
	"github.com/appanage/appanage/internal/oid"
)

// entity is what the locks must know of an ent type.
type entity struct {
	table string
	owner string // the field with the client whose row it is
	edges map[string]link
}

// link is an edge as the locks see it.
type link struct {
	target string // ent type
	kept   keeping
}

// keeping tells whose row keeps a link: whoever may change that row may change the link.
type keeping int

const (
	// byTarget: a foreign key in the target's row, or a many-to-many edge declared by the target. The value of
	// whatever is in doubt: it is the strictest that writes at all.
	byTarget keeping = iota
	// bySelf: a foreign key in one's own row, or a many-to-many edge that one's own type declares.
	bySelf
	// byPath: an edge schema, here always a closure, which the platform alone writes.
	byPath
)

// schemas lists the entities. A type that is missing here is refused by every mutation; a test compares.
var schemas = []ent.Interface{
	schema.AccessGrant{}, schema.AccessRequest{}, schema.Application{}, schema.ApplicationDependency{}, schema.ApplicationProperty{}, schema.Attempt{}, schema.AuditEvent{}, schema.AuditHead{},
	schema.Bundle{}, schema.BundlePart{}, schema.DefinitionLayer{}, schema.DefinitionVersion{},
	schema.ClaimedName{}, schema.ClientPath{}, schema.ClientURL{}, schema.IdempotencyKey{}, schema.Invitation{},
	schema.Lease{}, schema.Link{}, schema.Membership{}, schema.OutboxEvent{}, schema.PackageGift{},
	schema.Permission{}, schema.PropertyChange{}, schema.Registration{}, schema.RegistrationCode{}, schema.RegistrationRule{}, schema.Role{}, schema.RolePackage{}, schema.RolePath{}, schema.Session{},
	schema.Tenant{}, schema.User{},
}

// catalog has the entities by the name of their type.
var catalog = sync.OnceValue(func() map[string]entity {
	all := make(map[string]entity, len(schemas))
	edges := declaredEdges()
	for _, s := range schemas {
		name := reflect.TypeOf(s).Name()
		e := entity{table: tableOf(s), owner: ownerOf(name, s), edges: make(map[string]link)}
		for _, d := range edges[name] {
			e.edges[d.Name] = link{target: d.Type, kept: keeper(d, edges)}
		}
		all[name] = e
	}
	return all
})

// VersionOf gives the version of the row with an id of any kind; 0 where there is none, or none that counts its
// changes. It tells nothing else of the row, and so asks for no right on it.
func (db *DB) VersionOf(ctx context.Context, id string) (version int, err error) {
	kind, ok := oid.KindOf(id)
	table := versioned()[kind]
	if !ok || table == "" {
		return 0, nil
	}
	rows, err := db.route(ctx, "SELECT version FROM "+table+" WHERE id = ?", []any{id})
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }() // a failure to read is Err's
	if rows.Next() {
		err = rows.Scan(&version)
	}
	return version, errors.Join(err, rows.Err())
}

// versioned has the tables whose rows count their changes, by the kind of their ids.
var versioned = sync.OnceValue(func() map[oid.Kind]string {
	tables := map[oid.Kind]string{}
	for _, s := range schemas {
		for _, m := range s.Mixin() { // the one that makes ids counts changes
			for _, f := range m.Fields() {
				made := reflect.TypeOf(f.Descriptor().Default)
				if f.Descriptor().Name != "id" || made == nil || made.Kind() != reflect.Func {
					continue
				}
				if id, ok := reflect.Zero(made.Out(0)).Interface().(oid.Kinded); ok {
					tables[id.Kind()] = tableOf(s)
				}
			}
		}
	}
	return tables
})

// declaredEdges has the edges of each type; one declared as To(…).From(…) in one stroke counts as two.
func declaredEdges() map[string][]*edge.Descriptor {
	edges := make(map[string][]*edge.Descriptor)
	for _, s := range schemas {
		name := reflect.TypeOf(s).Name()
		for _, e := range s.Edges() {
			d := e.Descriptor()
			edges[name] = append(edges[name], d)
			if d.Ref != nil {
				edges[name] = append(edges[name], d.Ref)
			}
		}
	}
	return edges
}

// keeper tells whose row keeps an edge.
func keeper(d *edge.Descriptor, edges map[string][]*edge.Descriptor) keeping {
	switch {
	case d.Through != nil:
		return byPath
	case d.Field != "":
		return bySelf
	case d.Inverse || d.Unique:
		return byTarget
	}
	for _, back := range edges[d.Type] {
		if back.Inverse && back.Unique && (back.RefName == d.Name || back.Ref == d) {
			return byTarget
		}
	}
	return bySelf
}

func tableOf(s ent.Interface) string {
	for _, a := range s.Annotations() {
		if a, ok := a.(entsql.Annotation); ok && a.Table != "" {
			return a.Table
		}
	}
	return ""
}

// ownerOf names the field with the client whose row it is. A client belongs to its manager.
func ownerOf(name string, s ent.Interface) string {
	if name == "Tenant" {
		return "manager_id"
	}
	for _, f := range s.Fields() {
		if f.Descriptor().Name == "client_id" {
			return "client_id"
		}
	}
	return ""
}
