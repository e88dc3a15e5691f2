package apitest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 0, 2.5: a member's e-mail address and phone number are said in the scope of his home client, and to himself.
func TestAddressesAreShownAtHomeOnly(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		partner := h.Client(oid.SystemClient, "PARTNER", true)
		home, other := h.Client(partner, "HOME", false), h.Client(partner, "OTHER", false)
		owner := authority.BuiltInRole(authority.ClientOwnerRole)
		_, above := h.User(partner, "above", owner)
		_, atHome := h.User(home, "athome", owner)
		_, elsewhere := h.User(other, "elsewhere", owner)
		clerk, _ := h.User(home, "clerk")
		h.Must(h.Ent().User.UpdateOneID(clerk).SetEmail("Clerk@example.org").SetEmailKey("clerk@example.org").SetPhone("+41441234567").Exec(h.System()))
		membership := oid.New[oid.Membership]()
		h.Must(h.Ent().Membership.Create().SetID(membership).SetClientID(other).SetUserID(clerk).AddRoleIDs(owner).Exec(h.System()))
		himself := h.Session(other, clerk, membership, nil)

		type shown struct {
			UserName                 string
			Email, Phone             *string
			EmailProven, PhoneProven *bool
		}
		proven, not, email, phone := true, false, "Clerk@example.org", "+41441234567"
		full, bare := shown{"clerk", &email, &phone, &proven, &not}, shown{UserName: "clerk"}
		for who, c := range map[string]struct {
			token string
			want  shown
			found int
		}{
			"the manager":               {above, full, 1},
			"the home's administrator":  {atHome, full, 1},
			"the other's administrator": {elsewhere, bare, 0},
			"himself, elsewhere":        {himself, full, 1},
		} {
			var got struct {
				Named, Addressed struct{ Nodes []shown }
			}
			h.MustData(h.Do(c.token, `{
				named: users(filter: { search: "clerk", status: ACTIVE }, orderBy: { field: NAME }) { nodes { userName email emailProven phone phoneProven } }
				addressed: users(filter: { search: "clerk@" }) { nodes { userName } } }`, nil), &got)
			if diff := cmp.Diff([]shown{c.want}, got.Named.Nodes); diff != "" {
				t.Errorf("%s sees (-want +got):\n%s", who, diff)
			}
			if len(got.Addressed.Nodes) != c.found {
				t.Errorf("%s finds %d users by the address, not %d", who, len(got.Addressed.Nodes), c.found)
			}
		}
	})
}
