package apitest

import (
	"testing"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 4.1: a thumbnail is at an https URL of a named host, which can be anybody's but the reader's own network.
func TestThumbnails(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		for _, url := range []string{
			"javascript:alert(1)", "javascript://img.example/%0aalert(1)", "https://127.0.0.1/a.png", "https://[::1]/a.png", "https://169.254.169.254/a.png",
			"https://2130706433/a.png", "https://0x7f.1/a.png", "https://localhost/a.png", "https://intranet/a.png", "https://me@img.example/a.png",
			"https://me:secret@img.example/a.png", "https://img.example:99999/a.png", "https://img..example/a.png", "ftp://img.example/a.png",
		} {
			e.fails(t, e.paula, "applicationCreate", input{"name": "x", "thumbnailUrl": url}, "INVALID at input.thumbnailUrl")
			e.fails(t, e.paula, "applicationUpdate", input{"id": e.app, "thumbnailUrl": url}, "INVALID at input.thumbnailUrl")
		}
		for _, url := range []string{"https://img.example/a.png", "https://bücher.example:8443/ü?a=1#b", "https://IMG.Example"} {
			if a := e.succeeds(e.paula, "applicationUpdate", input{"id": e.app, "thumbnailUrl": url}).Application; *a.ThumbnailURL != url {
				t.Errorf("%s is kept as %s", url, *a.ThumbnailURL)
			}
		}
	})
}

// domain 4.3: the creator, where it is not the owner, gets an ordinary WRITE grant: of the owner, with the reason
// "creator", which the owner changes and takes away like any other.
func TestTheCreatorsGrant(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		app := oid.Application(e.succeeds(e.carl, "applicationCreate", input{"name": "Imported", "accessType": "EXPLICIT"}).Application.ID)
		var data struct {
			EffectiveAccess struct {
				Level, Reason string
				Grant         grantShown
			}
		}
		h.MustData(h.Do(e.carl, `query($a: ID!) { effectiveAccess(applicationId: $a) { level reason grant { `+selectGrant+` } } }`, hubtest.Variables{"a": app}), &data)
		g := data.EffectiveAccess.Grant
		if data.EffectiveAccess.Level != "WRITE" || data.EffectiveAccess.Reason != "GRANT" || g.Reason != "creator" || g.Giver.Code != "PARTNER" || g.Client.Code != "CHILD" || g.ExpiresAt != nil {
			t.Errorf("%+v", data)
		}
		if owner := e.has(app, e.p); owner != "WRITE OWNER" {
			t.Error(owner)
		}
		// what the creator lends sleeps with it, and so does what only the creator may do (4.4)
		e.yes(e.carl, "accessGrantSet", input{"applicationId": app, "clientId": e.g, "level": "READ"})
		e.yes(e.paula, "accessGrantSet", input{"applicationId": app, "clientId": e.c, "level": "READ"})
		e.fails(t, e.carl, "applicationUpdate", input{"id": app, "name": "x"}, "NOT_ALLOWED at input.id")
		if got := e.has(app, e.g); got != "SLEEPING" {
			t.Error(got)
		}
		e.yes(e.paula, "accessGrantRevoke", input{"id": g.ID})
		e.fails(t, e.carl, "applicationUpdate", input{"id": app, "name": "x"}, "NOT_FOUND at input.id")
		// nobody makes himself the creator of an EXPLICIT application by its type, nor by writing it
		e.grant(e.own, e.k, enum.LevelWrite)
		e.fails(t, e.kate, "applicationUpdate", input{"id": e.own, "accessType": "EXPLICIT"}, "NOT_ALLOWED at input.id")
		e.fails(t, e.kate, "applicationUpdate", input{"id": e.own, "accessType": "EXPLICIT", "name": "x"}, "NOT_ALLOWED at input.id")
	})
}
