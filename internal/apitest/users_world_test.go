package apitest

import (
	"fmt"
	"maps"
	"testing"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// userShown is what the payloads of the mutations on users show.
type userShown struct {
	ID                       oid.User
	Name, Status, Locale     string
	UserName, Email, Phone   *string
	EmailProven, PhoneProven *bool
	Version                  int
}

const selectUser = "user { id name status locale userName email emailProven phone phoneProven version }"

func init() {
	maps.Copy(selections, map[string]string{
		"userCreate": selectUser, "userUpdate": selectUser, "userSuspend": selectUser, "userResume": selectUser, "viewerUpdate": selectUser,
		"viewerPasswordSet": "user { id version }", "userDelete": "userId", "membershipDelete": "membershipId",
		"sessionSwitchClient": "token session { id }",
	})
}

// shown is a user of a payload, with his memberships as they are stored, the home one first.
func (e *estate) shown(u *userShown) string {
	e.t.Helper()
	if u == nil {
		return "nobody"
	}
	line := fmt.Sprintf("%q %s %s %s %s %s %s %s v%d", u.Name, u.Status, u.Locale, show(u.UserName), show(u.Email), show(u.EmailProven),
		show(u.Phone), show(u.PhoneProven), u.Version)
	for _, r := range query(e.t, e.Hub, "SELECT c.id, c.code FROM memberships m JOIN clients c ON c.id = m.client_id WHERE m.user_id = ? ORDER BY m.home DESC, m.id", u.ID) {
		line += fmt.Sprintf(" %v%v", r["code"], e.members(oid.Client(r["id"].(string)), u.ID))
	}
	return line
}

// crew is the estate with people who may do less.
type crew struct {
	*estate
	helper  oid.User // of P: he may read and update users, and no more
	helping string
	reader  string // of P: she may read users
}

func newCrew(t testing.TB, h *hubtest.Hub) *crew {
	t.Helper()
	c := &crew{estate: newEstate(t, h)}
	reads, updates := oid.BuiltIn[oid.Permission]("User_READ"), oid.BuiltIn[oid.Permission]("User_UPDATE")
	c.helper, c.helping = h.User(c.p, "helper", h.Role(c.p, nil, "Helpdesk", reads, updates))
	_, c.reader = h.User(c.p, "reader", h.Role(c.p, nil, "Reader", reads))
	return c
}

// join makes a user a member of another client.
func (e *estate) join(user oid.User, client oid.Client, roles ...oid.Role) oid.Membership {
	e.t.Helper()
	id := oid.New[oid.Membership]()
	e.Must(e.Ent().Membership.Create().SetID(id).SetClientID(client).SetUserID(user).AddRoleIDs(roles...).Exec(e.System()))
	e.known.Store(nil)
	return id
}

// home is the home membership of a user.
func (e *estate) home(user oid.User) oid.Membership {
	e.t.Helper()
	return oid.Membership(query(e.t, e.Hub, "SELECT id FROM memberships WHERE user_id = ? AND home", user)[0]["id"].(string))
}

// hashed gives a user a password by its hash.
func (e *estate) hashed(id oid.User, hash string) {
	e.t.Helper()
	e.Must(e.Ent().User.UpdateOneID(id).SetPasswordHash(hash).Exec(e.System()))
	e.known.Store(nil)
}

// named is the user of P's base with a user name.
func (e *estate) named(name string) oid.User {
	e.t.Helper()
	return oid.User(query(e.t, e.Hub, "SELECT id FROM users WHERE user_name = ? AND base_id = ?", name, e.p)[0]["id"].(string))
}

func (e *estate) user(id oid.User) *ent.User {
	e.t.Helper()
	row, err := e.Ent().User.Get(e.System(), id)
	e.Must(err)
	return row
}

// status is a user's, "" for one who is gone.
func (e *estate) status(id oid.User) enum.UserStatus {
	e.t.Helper()
	row, err := e.Ent().User.Get(e.System(), id)
	if ent.IsNotFound(err) {
		return ""
	}
	e.Must(err)
	return row.Status
}
