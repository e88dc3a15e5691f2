package apitest

import (
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 5.1, 5.3: who gives access, to whom, and what a grant holds.
func TestAccessGiven(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		friday, sunday := later(time.Hour), later(48*time.Hour)
		g := e.yes(e.paula, "accessGrantSet", input{"applicationId": e.app, "clientId": e.c, "level": "READ", "expiresAt": friday, "reason": " for a while ", "expectedVersion": 0})
		if g.Level != "READ" || g.Reason != "for a while" || *g.ExpiresAt != friday || g.Embeddable || g.Sleeping || g.Version != 1 ||
			g.ClientCode != "CHILD" || g.Client.Code != "CHILD" || g.Application.Code != "shop-one" || g.Giver.Code != "PARTNER" || g.GivenBy.ID != string(e.paulaID) {
			t.Errorf("%+v", g)
		}
		if got := e.has(e.app, e.c); got != "READ GRANT" {
			t.Error(got)
		}
		// what is absent stays
		g = e.yes(e.paula, "accessGrantSet", input{"applicationId": e.app, "clientCode": "CHILD", "level": "WRITE", "embeddable": true, "expectedVersion": 1})
		if g.Level != "WRITE" || g.Reason != "for a while" || *g.ExpiresAt != friday || !g.Embeddable || g.Version != 2 {
			t.Errorf("%+v", g)
		}
		if n := e.count("audit_events", "object_id = ? AND client_id = ? AND operation = 'accessGrantSet'", g.ID, e.c); n != 2 {
			t.Errorf("%d events", n)
		}
		// a change that changes nothing is none, whoever makes it
		for _, token := range []string{e.paula, e.root} {
			g = e.yes(token, "accessGrantSet", input{"applicationId": e.app, "clientId": e.c, "level": "WRITE", "reason": "for a while", "expiresAt": friday})
			if g.Version != 2 || g.Giver.Code != "PARTNER" || e.count("audit_events", "object_id = ?", g.ID) != 2 {
				t.Errorf("%+v", g)
			}
		}
		// SYSTEM changes it, and is who gave it then
		g = e.yes(e.root, "accessGrantSet", input{"applicationId": e.app, "clientId": e.c, "level": "WRITE", "expiresAt": sunday, "reason": ""})
		if *g.ExpiresAt != sunday || g.Reason != "" || g.Giver.Code != "SYSTEM" || g.Version != 3 {
			t.Errorf("%+v", g)
		}
		g = e.yes(e.root, "accessGrantSet", input{"applicationId": e.app, "clientId": e.c, "level": "WRITE", "expiresAt": nil})
		if g.ExpiresAt != nil || g.Version != 4 {
			t.Errorf("%+v", g)
		}
		// a bar has no end
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.app, "clientId": e.c, "level": "READ", "expiresAt": friday})
		g = e.yes(e.paula, "accessGrantSet", input{"applicationId": e.app, "clientId": e.c, "level": "BARRED"})
		if g.Level != "BARRED" || g.ExpiresAt != nil || e.has(e.app, e.c) != "BARRED" {
			t.Errorf("%+v", g)
		}
		// 5.3 SYSTEM: any application, any client
		e.yes(e.root, "accessGrantSet", input{"applicationId": e.foreign, "clientId": e.g, "level": "WRITE"})
		// 5.3 the owner: a client of its customer base that it does not see, by its code
		g = e.yes(e.carl, "accessGrantSet", input{"applicationId": e.own, "clientCode": "COUSIN", "level": "READ"})
		if g.ClientCode != "COUSIN" || g.Client != nil || g.Giver.Code != "CHILD" {
			t.Errorf("%+v", g)
		}
		// …changes it, and takes it away
		e.yes(e.carl, "accessGrantSet", input{"applicationId": e.own, "clientCode": "COUSIN", "level": "WRITE", "expectedVersion": 1})
		e.yes(e.carl, "accessGrantRevoke", input{"id": g.ID, "expectedVersion": 2})
		// 5.3 a client managing the owner; and to the owner's managers, which it knows by name
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.own, "clientId": e.k, "level": "READ"})
		e.yes(e.carl, "accessGrantSet", input{"applicationId": e.own, "clientId": e.p, "level": "READ"})
	})
}

// domain 5.3: what is refused, where, and that nothing is written.
func TestAccessNotGiven(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		e.yes(e.paula, "accessGrantSet", input{"applicationId": e.app, "clientId": e.c, "level": "READ"})
		archived := e.Application(e.p, "out-of-use", "Out of use")
		e.grant(archived, e.c, enum.LevelWrite)
		e.Must(e.Ent().Application.UpdateOneID(archived).SetStatus(enum.ApplicationArchived).Exec(e.System()))
		for rule, c := range map[string]struct {
			token string
			in    input
			want  []string
		}{
			"no client":                      {e.paula, input{"applicationId": e.app, "level": "READ"}, []string{"INVALID at input.clientId"}},
			"two ways":                       {e.paula, input{"applicationId": e.app, "clientId": e.c, "clientCode": "CHILD", "level": "READ"}, []string{"INVALID at input.clientId"}},
			"another kind of id":             {e.paula, input{"applicationId": e.c, "clientId": e.app, "level": "READ"}, []string{"INVALID at input.applicationId", "INVALID at input.clientId"}},
			"a level in small letters":       {e.paula, input{"applicationId": e.app, "clientId": e.c, "level": "read"}, []string{"INVALID at input.level"}},
			"an end in the past":             {e.paula, input{"applicationId": e.app, "clientId": e.c, "level": "READ", "expiresAt": later(-time.Second)}, []string{"INVALID at input.expiresAt"}},
			"an end past the year 9999":      {e.paula, input{"applicationId": e.app, "clientId": e.c, "level": "READ", "expiresAt": "9999-12-31T23:59:59-10:00"}, []string{"INVALID at input.expiresAt"}},
			"a bar with an end":              {e.paula, input{"applicationId": e.app, "clientId": e.c, "level": "BARRED", "expiresAt": later(time.Hour)}, []string{"INVALID at input.expiresAt"}},
			"a long reason":                  {e.paula, input{"applicationId": e.app, "clientId": e.c, "level": "READ", "reason": strings.Repeat("ü", 257)}, []string{"INVALID at input.reason"}},
			"a reason of two lines":          {e.paula, input{"applicationId": e.app, "clientId": e.c, "level": "READ", "reason": "a\nb"}, []string{"INVALID at input.reason"}},
			"there is one":                   {e.paula, input{"applicationId": e.app, "clientId": e.c, "level": "READ", "expectedVersion": 0}, []string{"CONFLICT at input.expectedVersion"}},
			"another version":                {e.paula, input{"applicationId": e.app, "clientId": e.c, "level": "READ", "expectedVersion": 2}, []string{"CONFLICT at input.expectedVersion"}},
			"there is none":                  {e.paula, input{"applicationId": e.app, "clientId": e.g, "level": "READ", "expectedVersion": 1}, []string{"CONFLICT at input.expectedVersion"}},
			"unknown application":            {e.paula, input{"applicationId": oid.New[oid.Application](), "clientId": e.c, "level": "READ"}, []string{"NOT_FOUND at input.applicationId"}},
			"foreign application":            {e.paula, input{"applicationId": e.foreign, "clientId": e.c, "level": "READ"}, []string{"NOT_FOUND at input.applicationId"}},
			"both unknown":                   {e.paula, input{"applicationId": e.foreign, "clientCode": "NOBODY", "level": "READ"}, []string{"NOT_FOUND at input.applicationId"}},
			"5.3 of another base":            {e.paula, input{"applicationId": e.app, "clientCode": "STRANGER", "level": "READ"}, []string{"NOT_FOUND at input.clientCode"}},
			"5.3 unknown":                    {e.paula, input{"applicationId": e.app, "clientCode": "NOBODY", "level": "READ"}, []string{"NOT_FOUND at input.clientCode"}},
			"5.3 in other case":              {e.paula, input{"applicationId": e.app, "clientCode": "child", "level": "READ"}, []string{"NOT_FOUND at input.clientCode"}},
			"5.3 invisible, by its id":       {e.carl, input{"applicationId": e.own, "clientId": e.k, "level": "READ"}, []string{"NOT_FOUND at input.clientId"}},
			"4.5 to the owner":               {e.paula, input{"applicationId": e.app, "clientId": e.p, "level": "READ"}, []string{"NOT_ALLOWED at input.clientId"}},
			"4.5 the owner barred by SYSTEM": {e.root, input{"applicationId": e.app, "clientCode": "PARTNER", "level": "BARRED"}, []string{"NOT_ALLOWED at input.clientCode"}},
			"5.3 by a reader":                {e.carl, input{"applicationId": e.app, "clientId": e.g, "level": "READ"}, []string{"NOT_ALLOWED at input.applicationId"}},
			"5.3 by a reader, to nobody":     {e.carl, input{"applicationId": e.app, "clientCode": "NOBODY", "level": "READ"}, []string{"NOT_ALLOWED at input.applicationId"}},
			"5.3 lent WRITE":                 {e.carl, input{"applicationId": e.written, "clientId": e.g, "level": "WRITE"}, []string{"NOT_ALLOWED at input.level"}},
			"5.3 a bar by a writer":          {e.carl, input{"applicationId": e.written, "clientId": e.g, "level": "BARRED"}, []string{"NOT_ALLOWED at input.level"}},
			"5.3 lent, to be embedded":       {e.carl, input{"applicationId": e.written, "clientId": e.g, "level": "READ", "embeddable": true}, []string{"NOT_ALLOWED at input.embeddable"}},
			"5.3 lent to itself":             {e.carl, input{"applicationId": e.written, "clientId": e.c, "level": "READ"}, []string{"NOT_ALLOWED at input.clientId"}},
			"5.3 lent to the manager":        {e.carl, input{"applicationId": e.written, "clientId": e.p, "level": "READ"}, []string{"NOT_FOUND at input.clientId"}},
			"5.3 lent to a sibling":          {e.carl, input{"applicationId": e.written, "clientCode": "COUSIN", "level": "READ"}, []string{"NOT_FOUND at input.clientCode"}},
			"5.3 lent to a stranger":         {e.carl, input{"applicationId": e.written, "clientCode": "STRANGER", "level": "READ"}, []string{"NOT_FOUND at input.clientCode"}},
			"4.6 archived, by a writer":      {e.carl, input{"applicationId": archived, "clientId": e.g, "level": "READ"}, []string{"NOT_FOUND at input.applicationId"}},
		} {
			t.Run(rule, func(t *testing.T) { e.no(t, c.token, "accessGrantSet", c.in, c.want...) })
		}
		// unknown and not grantable are answered alike, byte for byte
		answers := map[string]bool{}
		for _, code := range []string{"STRANGER", "NOBODY"} {
			for _, by := range []struct {
				token string
				app   oid.Application
			}{{e.paula, e.app}} {
				_, _, _, body := onGrant(h, by.token, "accessGrantSet", input{"applicationId": by.app, "clientCode": code, "level": "READ"})
				answers[body] = true
			}
		}
		if len(answers) != 1 {
			t.Errorf("%v", answers)
		}
		// domain 11.1: of an archived one nobody is given access, and those who may update it bar
		e.no(t, e.paula, "accessGrantSet", input{"applicationId": archived, "clientId": e.g, "level": "READ"}, "NOT_ALLOWED at input.applicationId")
		e.yes(e.paula, "accessGrantSet", input{"applicationId": archived, "clientId": e.g, "level": "BARRED"})
	})
}

// domain 5.3, as attacks: each is refused, and succeeds where its rule is taken away.
func TestAccessAttacks(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		lends := h.Node(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) {
				r.Lends = func(authz.Caller, authz.Application, authz.Loan) bool { return true }
			}
		})
		grants := h.Node(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) { r.Grants = func(authz.Caller, authz.Grantee) bool { return true } }
		})
		revokes := h.Node(func(o *hub.HTTP) {
			o.AlterRules = func(r *authz.Rules) { r.Revokes = func(authz.Caller, authz.Given) bool { return true } }
		})
		// passing on a READ of one's own
		e.attack(t, lends, e.carl, "accessGrantSet", input{"applicationId": e.readable, "clientId": e.g, "level": "READ"}, "NOT_ALLOWED at input.applicationId")
		// lending WRITE
		e.attack(t, lends, e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "WRITE"}, "NOT_ALLOWED at input.level")
		// lending to a client one does not manage
		e.attack(t, lends, e.carl, "accessGrantSet", input{"applicationId": e.any, "clientCode": "COUSIN", "level": "READ"}, "NOT_FOUND at input.clientCode")
		// giving access to a client of another base
		e.attack(t, grants, e.paula, "accessGrantSet", input{"applicationId": e.app, "clientCode": "STRANGER", "level": "READ"}, "NOT_FOUND at input.clientCode")
		// lifting a bar, by changing it
		barred := e.grant(e.own, e.k, enum.LevelBarred)
		e.drop(e.written, e.g)
		bar := e.grant(e.written, e.g, enum.LevelBarred)
		e.attack(t, lends, e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "READ"}, "NOT_ALLOWED at input.clientId")
		e.exec("UPDATE access_grants SET level = 'BARRED', lent = FALSE WHERE id = ?", bar)
		// …and by giving it back
		e.attack(t, revokes, e.kate, "accessGrantRevoke", input{"id": barred}, "NOT_ALLOWED at input.id")
		// making more of a lent grant
		e.drop(e.written, e.g)
		e.yes(e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "READ"})
		e.attack(t, lends, e.carl, "accessGrantSet", input{"applicationId": e.written, "clientId": e.g, "level": "WRITE"}, "NOT_ALLOWED at input.level")
	})
}
