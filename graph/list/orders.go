package list

import (
	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/graph/model"
)

// byName, byCode and the others say how a documented order reads the database; "id" is creation.

// OrderClients reads a ClientOrder.
func OrderClients(o *model.ClientOrder) Order[ent.Tenant] {
	order := Order[ent.Tenant]{Kind: "Tenant", Column: "id", ID: func(t *ent.Tenant) string { return string(t.ID) }}
	if o == nil {
		return order
	}
	order.Desc = descending(o.Direction)
	switch o.Field {
	case model.ClientOrderFieldName:
		order.Column, order.Value = "name_key", func(t *ent.Tenant) string { return t.NameKey }
	case model.ClientOrderFieldCode:
		order.Column, order.Value = "code", func(t *ent.Tenant) string { return t.Code }
	}
	return order
}

// OrderApplications reads an ApplicationOrder.
func OrderApplications(o *model.ApplicationOrder) Order[ent.Application] {
	order := Order[ent.Application]{Kind: "Application", Column: "id", ID: func(a *ent.Application) string { return string(a.ID) }}
	if o == nil {
		return order
	}
	order.Desc = descending(o.Direction)
	switch o.Field {
	case model.ApplicationOrderFieldName:
		order.Column, order.Value = "name_key", func(a *ent.Application) string { return a.NameKey }
	case model.ApplicationOrderFieldCode:
		order.Column, order.Value = "code", func(a *ent.Application) string { return a.Code }
	}
	return order
}

// OrderPackages reads a PackageOrder.
func OrderPackages(o *model.PackageOrder) Order[ent.RolePackage] {
	order := Order[ent.RolePackage]{Kind: "RolePackage", Column: "id", ID: func(p *ent.RolePackage) string { return string(p.ID) }}
	if o == nil {
		return order
	}
	order.Desc = descending(o.Direction)
	switch o.Field {
	case model.PackageOrderFieldName:
		order.Column, order.Value = "name_key", func(p *ent.RolePackage) string { return p.NameKey }
	case model.PackageOrderFieldCode:
		order.Column, order.Value = "code", func(p *ent.RolePackage) string { return p.Code }
	}
	return order
}

// OrderUsers reads a UserOrder.
func OrderUsers(o *model.UserOrder) Order[ent.User] {
	order := Order[ent.User]{Kind: "User", Column: "id", ID: func(u *ent.User) string { return string(u.ID) }}
	if o == nil {
		return order
	}
	order.Desc = descending(o.Direction)
	if o.Field == model.UserOrderFieldName {
		order.Column, order.Value = "name_key", func(u *ent.User) string { return u.NameKey }
	}
	return order
}

// OrderRoles reads a RoleOrder.
func OrderRoles(o *model.RoleOrder) Order[ent.Role] {
	order := Order[ent.Role]{Kind: "Role", Column: "id", ID: func(r *ent.Role) string { return string(r.ID) }}
	if o == nil {
		return order
	}
	order.Desc = descending(o.Direction)
	if o.Field == model.RoleOrderFieldName {
		order.Column, order.Value = "name_key", func(r *ent.Role) string { return r.NameKey }
	}
	return order
}

// OrderPermissions reads a PermissionOrder.
func OrderPermissions(o *model.PermissionOrder) Order[ent.Permission] {
	order := Order[ent.Permission]{Kind: "Permission", Column: "id", ID: func(p *ent.Permission) string { return string(p.ID) }}
	if o == nil {
		return order
	}
	order.Desc = descending(o.Direction)
	if o.Field == model.PermissionOrderFieldAuthority {
		order.Column, order.Value = "authority", func(p *ent.Permission) string { return p.Authority }
	}
	return order
}

// OrderProperties reads an ApplicationPropertyOrder.
func OrderProperties(o *model.ApplicationPropertyOrder) Order[ent.ApplicationProperty] {
	order := Order[ent.ApplicationProperty]{Kind: "ApplicationProperty", Column: "id", ID: func(p *ent.ApplicationProperty) string { return string(p.ID) }}
	if o == nil {
		return order
	}
	order.Desc = descending(o.Direction)
	if o.Field == model.ApplicationPropertyOrderFieldName {
		order.Column, order.Value = "name", func(p *ent.ApplicationProperty) string { return p.Name }
	}
	return order
}

// OrderURLs reads a ClientUrlOrder.
func OrderURLs(o *model.ClientURLOrder) Order[ent.ClientURL] {
	order := Order[ent.ClientURL]{Kind: "ClientURL", Column: "id", ID: func(u *ent.ClientURL) string { return string(u.ID) }}
	if o == nil {
		return order
	}
	order.Desc = descending(o.Direction)
	if o.Field == model.ClientURLOrderFieldOrigin {
		order.Column, order.Value = "origin", func(u *ent.ClientURL) string { return u.Origin }
	}
	return order
}

// OrderGrants reads an AccessGrantOrder.
func OrderGrants(o *model.AccessGrantOrder) Order[ent.AccessGrant] {
	return Order[ent.AccessGrant]{Kind: "AccessGrant", Column: "id", ID: func(g *ent.AccessGrant) string { return string(g.ID) },
		Desc: o != nil && descending(o.Direction)}
}

// OrderMemberships reads a MembershipOrder.
func OrderMemberships(o *model.MembershipOrder) Order[ent.Membership] {
	return Order[ent.Membership]{Kind: "Membership", Column: "id", ID: func(m *ent.Membership) string { return string(m.ID) },
		Desc: o != nil && descending(o.Direction)}
}

// OrderSessions reads a SessionOrder.
func OrderSessions(o *model.SessionOrder) Order[ent.Session] {
	return Order[ent.Session]{Kind: "Session", Column: "id", ID: func(s *ent.Session) string { return string(s.ID) },
		Desc: o != nil && descending(o.Direction)}
}
