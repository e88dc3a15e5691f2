package sweep

import (
	"context"
	"strings"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// world is what the sweep looks at:
//
//	SYSTEM ── MANAGER (isolated) ── OWNER ── CHILD
//	   │         ├── SIBLING
//	   │         └── MOVED (created an application of OWNER's, and was moved away)
//	   └── STRANGER (isolated) ── BELOW (to which STRANGER has lent the subjects)
//
// Objects of every kind stand at each of them. The subject are the applications of OWNER on which CHILD, SIBLING and
// STRANGER have a grant: in each phase of the sweep another one, or none.
type world struct {
	h        *hubtest.Hub
	ctx      context.Context
	ent      *ent.Client
	places   map[string]*place
	subjects []oid.Application
	grants   map[string][]oid.AccessGrant // of each grantee, one for each subject
}

// place is one client with what stands there.
type place struct {
	code        string
	client      oid.Client
	user, clerk oid.User // with every authority, and with none
	token, idle string   // their sessions
	home        oid.Membership
	app         oid.Application
	foreman     oid.Role // of app; has a sub-role, which has a permission
	team        oid.Package
}

// grantees are the clients whose grants on the subjects vary.
var grantees = []string{"CHILD", "SIBLING", "STRANGER"}

// state is what the grantees have on the subjects.
type state struct {
	name    string
	level   enum.AccessLevel // "" for none
	expired bool
}

var states = []state{
	{name: "WRITE", level: enum.LevelWrite}, {name: "READ", level: enum.LevelRead}, {name: "none"},
	{name: "BARRED", level: enum.LevelBarred}, {name: "expired", level: enum.LevelWrite, expired: true},
}

func build(h *hubtest.Hub) *world {
	w := &world{h: h, ctx: h.System(), ent: h.Ent(), places: map[string]*place{}, grants: map[string][]oid.AccessGrant{}}
	w.place("SYSTEM", oid.SystemClient)
	for _, c := range []struct {
		code, below string
		isolated    bool
	}{
		{"MANAGER", "SYSTEM", true}, {"OWNER", "MANAGER", false}, {"CHILD", "OWNER", false}, {"SIBLING", "MANAGER", false},
		{"MOVED", "MANAGER", false}, {"STRANGER", "SYSTEM", true}, {"BELOW", "STRANGER", false},
	} {
		id := h.Client(w.places[c.below].client, c.code, c.isolated)
		h.Give(authority.BuiltInPackage(authority.PlatformPackage), id, oid.SystemClient)
		w.place(c.code, id)
	}
	w.subject()
	w.gifts()
	w.guests()
	w.dependencies()
	w.loans()
	w.bundles()
	w.registrations()
	return w
}

// place puts objects of every kind at a client.
func (w *world) place(code string, id oid.Client) {
	p := &place{code: code, client: id}
	w.places[code] = p
	lower := strings.ToLower(code)
	p.user, p.token = w.h.User(id, lower, authority.BuiltInRole(authority.OwnerRole))
	p.clerk, p.idle = w.h.User(id, lower+"-clerk")
	email := lower + "@example.com"
	w.h.Must(w.ent.User.UpdateOneID(p.clerk).SetEmail(email).SetEmailKey(email).SetPhone("+4144" + string(p.clerk[20:])).Exec(w.ctx))
	var err error
	p.home, err = w.ent.Membership.Query().Where(membership.UserID(p.user)).OnlyID(w.ctx)
	w.h.Must(err)
	p.app = w.application(p, p, lower+"-own", enum.AccessOwn, enum.ApplicationActive)
	p.foreman, p.team = w.rights(p, p.app, lower)
	w.h.Must(w.ent.Membership.UpdateOneID(p.home).AddRoleIDs(p.foreman).Exec(w.ctx))
	w.use(p, p.app, lower)
	w.lay(p, p.app, "home", true, false, code != "STRANGER")
	w.gone(p, p.app)
	w.news(p, lower)
	w.grant(p, w.application(p, p, lower+"-archived", enum.AccessAny, enum.ApplicationArchived), p, enum.LevelRead)
}

// news is what is told of a client: an invitation, with a role, and the event that has it mailed.
func (w *world) news(p *place, name string) {
	id := oid.New[oid.Invitation]()
	w.h.Must(w.ent.Invitation.Create().SetID(id).SetClientID(p.client).SetEmail(name + "-new@example.com").SetEmailKey(name + "-new@example.com").
		SetInviterID(p.user).SetInviterMembershipID(p.home).SetExpiresAt(time.Now().UTC().Add(time.Hour)).AddRoleIDs(p.foreman).Exec(w.ctx))
	w.h.Must(w.ent.OutboxEvent.Create().SetTopic("invitation.created").SetClientID(p.client).SetObjectID(string(id)).SetPayload("{}").
		SetNextAt(time.Now().UTC().Truncate(time.Microsecond)).Exec(w.ctx))
}

func (w *world) application(owner, creator *place, code string, access enum.AccessType, status enum.ApplicationStatus) oid.Application {
	id := oid.New[oid.Application]()
	w.h.Must(w.ent.ClaimedName.Create().SetID("application/" + code).SetClaimedAt(time.Now().UTC()).Exec(w.ctx))
	w.h.Must(w.ent.Application.Create().SetID(id).SetClientID(owner.client).SetCreatorID(creator.client).SetCode(code).
		SetName("App " + code).SetNameKey(fold.Key("App " + code)).SetType(enum.ApplicationApp).SetAccessType(access).SetStatus(status).Exec(w.ctx))
	return id
}

// rights makes, all of an application: a permission, a role with a sub-role that holds it and a built-in one, and a
// package with the role.
func (w *world) rights(p *place, app oid.Application, name string) (oid.Role, oid.Package) {
	permission, pack := oid.New[oid.Permission](), oid.New[oid.Package]()
	w.h.Must(w.ent.Permission.Create().SetID(permission).SetClientID(p.client).SetApplicationID(app).
		SetAuthority(name + ".Order_READ").SetAuthorityKey(fold.Key(name + ".Order_READ")).Exec(w.ctx))
	packer := w.h.Role(p.client, &app, "Packer of "+name, permission, oid.BuiltIn[oid.Permission]("Application_READ"))
	foreman := w.h.Role(p.client, &app, "Foreman of "+name)
	w.h.Must(w.ent.Role.UpdateOneID(foreman).AddSubRoleIDs(packer).Exec(w.ctx))
	w.h.Must(w.ent.RolePath.Create().SetRoleID(foreman).SetReachedRoleID(packer).Exec(w.ctx))
	code := strings.ToUpper(strings.ReplaceAll(name, "-", ""))
	w.h.Must(w.ent.RolePackage.Create().SetID(pack).SetClientID(p.client).SetApplicationID(app).SetCode(code).
		SetName("Team " + name).SetNameKey(fold.Key("Team " + name)).AddRoleIDs(foreman).Exec(w.ctx))
	return foreman, pack
}

// use is what a client has of an application it uses: a property, URLs, a session of its user.
func (w *world) use(p *place, app oid.Application, name string) {
	w.h.Must(w.ent.ApplicationProperty.Create().SetClientID(p.client).SetApplicationID(app).SetName("COLOUR").SetValue(p.code).SetPublic(true).Exec(w.ctx))
	w.h.Must(w.ent.PropertyChange.Create().SetClientID(p.client).SetApplicationID(app).SetName("COLOUR").SetValue(p.code).SetPublic(true).
		SetSecret(false).SetRemoved(false).SetChangedByClientID(p.client).SetChangedByID(p.user).Exec(w.ctx))
	pending, proven := "https://pending."+name+".example", "https://"+name+".example"
	w.h.Must(w.ent.ClientURL.Create().SetClientID(p.client).SetApplicationID(app).SetOrigin(pending).Exec(w.ctx))
	w.h.Must(w.ent.ClientURL.Create().SetClientID(p.client).SetApplicationID(app).SetOrigin(proven).SetProvenOrigin(proven).
		SetStatus(enum.URLProven).SetProvenAt(time.Now().UTC()).Exec(w.ctx))
	w.h.Session(p.client, p.user, p.home, &app)
}

func (w *world) grant(by *place, app oid.Application, to *place, level enum.AccessLevel) {
	w.h.Must(w.ent.AccessGrant.Create().SetClientID(to.client).SetApplicationID(app).SetLevel(level).SetReason("for the sweep").
		SetGiverID(by.client).SetGivenByID(by.user).Exec(w.ctx))
}

// subject makes OWNER's applications of every access type and status, and what the grantees have of them.
func (w *world) subject() {
	owner := w.places["OWNER"]
	for _, access := range []enum.AccessType{enum.AccessOwn, enum.AccessAny, enum.AccessExplicit} {
		for _, status := range []enum.ApplicationStatus{enum.ApplicationActive, enum.ApplicationArchived} {
			creator := owner
			if access == enum.AccessExplicit {
				creator = w.places["CHILD"]
			}
			code := strings.ToLower("subject-" + string(access+"-") + string(status))
			app := w.application(owner, creator, code, access, status)
			w.subjects = append(w.subjects, app)
			if access == enum.AccessOwn || status == enum.ApplicationArchived {
				w.rights(owner, app, code)
			}
			if access == enum.AccessOwn {
				w.defines(app)
			}
			for _, g := range grantees {
				w.grants[g] = append(w.grants[g], oid.New[oid.AccessGrant]())
				if access == enum.AccessOwn {
					w.use(w.places[g], app, code+"-"+strings.ToLower(g))
					w.rights(w.places[g], app, code+"-"+strings.ToLower(g))
				}
			}
		}
	}
	moved := w.places["MOVED"]
	w.grant(owner, w.application(owner, moved, "imported", enum.AccessExplicit, enum.ApplicationArchived), moved, enum.LevelWrite)
	w.grant(w.places["SYSTEM"], w.places["STRANGER"].app, moved, enum.LevelRead)
}

// set gives the grantees their grants of a phase, the same rows in each.
func (w *world) set(s state) {
	for _, g := range grantees {
		_, err := w.ent.AccessGrant.Delete().Where(accessgrant.IDIn(w.grants[g]...)).Exec(w.ctx)
		w.h.Must(err)
		if s.level == "" {
			continue
		}
		for i, app := range w.subjects {
			create := w.ent.AccessGrant.Create().SetID(w.grants[g][i]).SetClientID(w.places[g].client).SetApplicationID(app).
				SetLevel(s.level).SetReason("subject").SetGiverID(w.places["OWNER"].client).SetGivenByID(w.places["OWNER"].user).SetEmbeddable(g == "CHILD")
			if s.expired {
				create.SetExpiresAt(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
			}
			w.h.Must(create.Exec(w.ctx))
		}
	}
	w.settle()
}

// gifts gives packages down the tree, across it, and of a hidden application.
func (w *world) gifts() {
	for _, g := range [][2]string{{"MANAGER", "OWNER"}, {"MANAGER", "SIBLING"}, {"OWNER", "CHILD"}, {"OWNER", "SIBLING"},
		{"SIBLING", "SIBLING"}, {"STRANGER", "BELOW"}, {"SYSTEM", "STRANGER"}} {
		w.h.Give(w.places[g[0]].team, w.places[g[1]].client, w.places[g[0]].client)
	}
}

// guests makes users members of further clients, with a session there.
func (w *world) guests() {
	for _, g := range [][2]string{{"CHILD", "SIBLING"}, {"SIBLING", "CHILD"}, {"MANAGER", "OWNER"}, {"STRANGER", "BELOW"}} {
		of, at := w.places[g[0]], w.places[g[1]]
		for _, user := range []oid.User{of.user, of.clerk} {
			id := oid.New[oid.Membership]()
			w.h.Must(w.ent.Membership.Create().SetID(id).SetClientID(at.client).SetUserID(user).AddRoleIDs(at.foreman).Exec(w.ctx))
			w.h.Session(at.client, user, id, nil)
		}
	}
}

// principal is somebody who asks.
type principal struct {
	name, state  string
	token        string
	user, client string // "" for nobody
	idle         bool   // signed in, with no authority at all
}

func (p principal) String() string { return strings.TrimSuffix(p.name+" "+p.state, " ") }

// holds tells whether the principal has what a field requires.
func (p principal) holds(required string) bool {
	return required == "" || p.user != "" && (required == signedIn || !p.idle)
}

// principals lists who asks in a phase: the grantees in each, the others, whom the grants make no difference to, in
// the first.
func (w *world) principals(s state) []principal {
	var list []principal
	at := func(name, code, state string, idle bool) {
		p := w.places[code]
		user, token := p.user, p.token
		if idle {
			user, token = p.clerk, p.idle
		}
		list = append(list, principal{name, state, token, string(user), string(p.client), idle})
	}
	if s == states[0] {
		at(everything, "SYSTEM", "", false)
		list = append(list, principal{name: "anonymous"})
		at("owner", "OWNER", "", false)
		at("manager", "MANAGER", "", false)
		at("creator moved away", "MOVED", "", false)
		at("without authority", "OWNER", "", true)
	}
	for _, g := range grantees {
		at(strings.ToLower(g), g, s.name, false)
	}
	if s == states[0] || s == states[2] { // to whom STRANGER has lent: while it may write, and without a grant
		at("below", "BELOW", s.name, false)
	}
	return list
}

// everything is the principal who sees all there is. He comes first: the others are given his cursors.
const everything = "SYSTEM user"

// session is the row of the principal's own session.
func (p principal) session(f facts) row {
	for _, r := range f.where("sessions", "token_hash", identity.HashToken(p.token)) {
		return r
	}
	return nil
}
