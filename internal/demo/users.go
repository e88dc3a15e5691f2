package demo

import (
	"context"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/membership"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
)

// Shipped roles, and the one the demo makes for those who only look.
const (
	ownerRole              = authority.OwnerRole
	clientOwnerRole        = authority.ClientOwnerRole
	applicationManagerRole = "Application Manager"
	readerRole             = "Reader"
)

// userRow is a user with the roles he has had from the start; makeMemberships adds those of applications.
type userRow struct {
	home, userName, name string
	email                string
	emailProven          bool
	phone                string // proven
	roles                []string
	suspended            bool
	can                  string
}

func (u userRow) key() string { return u.home + "/" + u.userName }

// users are in the order in which people read them; the first of a client acts for it. There are two alex, one in
// each partner's customer base.
var users = []userRow{
	{
		home: system, userName: "sysadmin", name: "Sol Adler", email: "sysadmin@example.com", emailProven: true,
		roles: []string{ownerRole, clientOwnerRole},
		can:   "everything, at every client: the administrator of the platform",
	},
	{
		home: "MORGENAU", userName: "anke", name: "Anke Kestner", email: "anke@morgenau.example.com", emailProven: true, phone: "+49 30 23125 017",
		roles: []string{ownerRole, clientOwnerRole},
		can:   "runs a partner: its clients, users, applications, roles and packages, and those of all clients below it",
	},
	{
		home: "MORGENAU", userName: "alex", name: "Alex Marquard", email: "alex@morgenau.example.com", emailProven: true,
		roles: []string{readerRole},
		can:   "reads everything at the partner and below it, and changes nothing",
	},
	{
		home: "HOLZWERK", userName: "henrik", name: "Henrik Brannthal", email: "henrik@holzwerk-brannthal.example.org", emailProven: true,
		roles: []string{clientOwnerRole, applicationManagerRole},
		can:   "runs a business and its branches: users, roles, settings; makes applications, EXPLICIT ones for the partner",
	},
	{
		home: "HOLZWERK", userName: "jonas", name: "Jonas Ahrweiler", email: "jonas@holzwerk-brannthal.example.org", emailProven: true,
		can: "works in two applications, without rights on the hub; a member of KORNWINKEL too: its code signs him in there",
	},
	{
		home: "HOLZNORD", userName: "nele", name: "Nele Ostermann", phone: "+49 40 66969 210",
		roles: []string{clientOwnerRole, applicationManagerRole},
		can:   "runs a branch three levels down, and the application Einsatzplan that it owns",
	},
	{
		home: "KORNWINKEL", userName: "bruno", name: "Bruno Kornwinkel", email: "bruno@backstube-kornwinkel.example.org",
		roles: []string{clientOwnerRole},
		can:   "runs a business: users, roles and settings; makes no clients and no applications",
	},
	{
		home: "ELLERSBACH", userName: "torsten", name: "Torsten Ellersbach", email: "torsten@ellersbach.example.org", emailProven: true,
		roles: []string{clientOwnerRole}, suspended: true,
		can: "nothing: he is suspended, and his sign-in is refused as a wrong password is",
	},
	{
		home: "AUWIESEN", userName: "vera", name: "Vera Lindhorst",
		roles: []string{clientOwnerRole},
		can:   "nothing: her client is suspended, and her sign-in is refused as a wrong password is",
	},
	{
		home: "WIESENGRUND", userName: "kaethe", name: "Käthe Wiesengrund", email: "kaethe@wiesengrund.example.org", emailProven: true,
		roles: []string{clientOwnerRole},
		can:   "a private person: her own data, and the shop she may read",
	},
	{
		home: "TARNBROOK", userName: "tara", name: "Tara Pennell", email: "tara@tarnbrook.example.com", emailProven: true, phone: "+44 20 7946 0172",
		roles: []string{ownerRole, clientOwnerRole},
		can:   "runs the other partner, and sees nothing of the first",
	},
	{
		home: "TARNBROOK", userName: "alex", name: "Alex Whitcombe", email: "alex@tarnbrook.example.com",
		roles: []string{readerRole},
		can:   "reads everything at this partner and below it: the same user name in another customer base",
	},
	{
		home: "FERNHILL", userName: "felicity", name: "Felicity Moorcroft", email: "felicity@fernhill.example.org", emailProven: true,
		roles: []string{clientOwnerRole, applicationManagerRole},
		can:   "runs a business; its Appointment Desk is owned by the partner, and hers to change as its creator",
	},
	{
		home: "OAKLEDGE", userName: "oscar", name: "Oscar Ledgerwood", email: "oscar@oakledge.example.org", emailProven: true,
		roles: []string{clientOwnerRole, applicationManagerRole},
		can:   "runs a business with a store of its own and branches that use it",
	},
	{
		home: "NANDAKUMAR", userName: "priya", name: "Priya Nandakumar", email: "priya@nandakumar.example.org", emailProven: true,
		can: "a private person with one role, in the partner's CRM: no rights on the hub itself",
	},
}

// membershipRow gives roles of applications: at the user's home, or with a membership in a further client of his
// customer base.
type membershipRow struct {
	user, client string
	roles        []string
}

var memberships = []membershipRow{
	{"SYSTEM/sysadmin", system, []string{"invoice-flow/Lead"}},
	{"MORGENAU/anke", "MORGENAU", []string{"invoice-flow/Lead", "auftragsbuch/Leitung"}},
	{"HOLZWERK/henrik", "HOLZWERK", []string{"auftragsbuch/Bauleitung", "werkstattplaner/Planung"}},
	{"HOLZWERK/jonas", "HOLZWERK", []string{"auftragsbuch/Sachbearbeitung", "werkstattplaner/Werkbank"}},
	{"HOLZWERK/jonas", "KORNWINKEL", []string{"auftragsbuch/Einsicht", "vorbestellung/Verkauf"}},
	{"HOLZNORD/nele", "HOLZNORD", []string{"auftragsbuch/Leitung", "einsatzplan/Disposition"}},
	{"KORNWINKEL/bruno", "KORNWINKEL", []string{"auftragsbuch/Leitung", "vorbestellung/Verkauf"}},
	{"TARNBROOK/tara", "TARNBROOK", []string{"tarnbrook-crm/Manager", "appointment-desk/Practice Lead"}},
	{"TARNBROOK/alex", "TARNBROOK", []string{"tarnbrook-crm/Reader"}},
	{"FERNHILL/felicity", "FERNHILL", []string{"appointment-desk/Practice Lead", "tarnbrook-crm/Agent"}},
	{"OAKLEDGE/oscar", "OAKLEDGE", []string{"oakledge-store/Manager", "tarnbrook-crm/Manager"}},
	{"NANDAKUMAR/priya", "NANDAKUMAR", []string{"tarnbrook-crm/Reader"}},
}

func (f *filler) makeUsers(ctx context.Context) error {
	for _, u := range users {
		id, err := f.Identity.CreateUser(ctx, identity.CreateUser{
			Client: f.clients.of(u.home), Name: u.name, UserName: u.userName, Password: f.password,
			Email: u.email, EmailProven: u.emailProven, Phone: u.phone, PhoneProven: u.phone != "",
			Roles: f.roleIDs(u.roles),
		})
		if err != nil {
			return err
		}
		f.users[u.key()] = id
		if _, there := f.acting[u.home]; !there {
			f.acting[u.home] = id
		}
	}
	return nil
}

func (f *filler) makeMemberships(ctx context.Context) error {
	for _, m := range memberships {
		ctx, client, roles := f.past(ctx, m.client), f.clients.of(m.client), f.roleIDs(m.roles)
		id, err := f.membershipOf(ctx, f.users.of(m.user), client)
		if err != nil {
			return err
		}
		if err := f.tx.Membership.UpdateOneID(id).AddRoleIDs(roles...).Exec(ctx); err != nil {
			return err
		}
		if err := f.note(ctx, client, "Membership", string(id), map[string]any{"userId": f.users.of(m.user), "roleIds": roles}); err != nil {
			return err
		}
	}
	return nil
}

// membershipOf is the user's membership at a client; one that is not there yet is made.
func (f *filler) membershipOf(ctx context.Context, user oid.User, client oid.Client) (oid.Membership, error) {
	id, err := f.tx.Membership.Query().Where(membership.UserID(user), membership.ClientID(client)).OnlyID(ctx)
	if !ent.IsNotFound(err) {
		return id, err
	}
	id = oid.New[oid.Membership]()
	return id, f.tx.Membership.Create().SetID(id).SetClientID(client).SetUserID(user).Exec(ctx)
}

func (f *filler) roleIDs(names []string) []oid.Role {
	out := make([]oid.Role, len(names))
	for i, name := range names {
		out[i] = f.roles.of(name).id
	}
	return out
}

// list is the users for people to choose from.
func (f *filler) list() []User {
	names := map[string]string{system: "Platform"}
	for _, c := range clients {
		names[c.code] = c.name
	}
	out := make([]User, len(users))
	for i, u := range users {
		out[i] = User{UserName: u.userName, Name: u.name, ClientCode: u.home, ClientName: names[u.home], Password: f.password, Can: u.can}
	}
	return out
}
