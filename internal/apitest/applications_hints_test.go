package apitest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 4.4, 5.3, 6.4, 7.1, 8.1, 11.1, 11.3: viewerCan names the mutations that would be let through, in one order, from the
// planner and from the reference.
func TestViewerCan(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newAccesses(t, h)
		explicit := oid.Application(e.succeeds(e.carl, "applicationCreate", input{"name": "Imported", "accessType": "EXPLICIT"}).Application.ID)
		all := "applicationUpdate applicationPropertiesSet applicationPropertiesDelete accessGrantSet applicationDependencyAdd applicationArchive clientUrlBind"
		writes := "applicationPropertiesSet applicationPropertiesDelete accessGrantSet clientUrlBind"
		nodes := []*hubtest.Hub{h, h.Node(func(o *hub.HTTP) { o.Reads = hub.Reference })}
		is := func(who, token string, app oid.Application, want string) {
			t.Helper()
			for _, node := range nodes {
				var data struct{ Application *struct{ ViewerCan []string } }
				h.MustData(node.Do(token, `query($id: ID!) { application(id: $id) { viewerCan } }`, hubtest.Variables{"id": app}), &data)
				got := "out of sight"
				if data.Application != nil {
					got = strings.Join(data.Application.ViewerCan, " ")
				}
				if got != want {
					t.Errorf("%s can\n%s\nwant\n%s", who, got, want)
				}
			}
		}
		_, reader := h.User(e.p, "reader", h.Role(e.p, nil, "Reader", oid.BuiltIn[oid.Permission]("Application_READ")))
		_, clerk := h.User(e.p, "clerk", h.Role(e.p, nil, "Clerk", oid.BuiltIn[oid.Permission]("Application_READ"), oid.BuiltIn[oid.Permission]("Client_UPDATE")))
		is("the owner", e.paula, e.app, all)
		is("SYSTEM", e.root, e.foreign, all)
		is("a client managing the owner", e.paula, e.own, all)
		is("without authority", reader, e.app, "")
		is("with Client_UPDATE alone", clerk, e.app, "clientUrlBind")
		is("a writer", e.carl, e.written, writes)
		is("a reader", e.carl, e.readable, "clientUrlBind")
		is("a writer of what its manager offers", e.carl, e.any, strings.Replace(writes, "clientUrlBind", "accessGrantTake clientUrlBind", 1))
		is("the creator of an EXPLICIT one", e.carl, explicit, "applicationUpdate applicationPropertiesSet applicationPropertiesDelete accessGrantSet applicationArchive clientUrlBind")
		e.grant(e.any, e.g, enum.LevelBarred) // and seen by C, which manages it
		is("without a grant", e.gina, e.any, "out of sight")
		e.exec("UPDATE access_grants SET level = 'BARRED' WHERE application_id = ? AND client_id = ?", e.any, e.c)
		e.exec("UPDATE access_grants SET level = 'READ' WHERE application_id = ? AND client_id = ?", e.any, e.g)
		is("barred, with a client below that reads", e.carl, e.any, "clientUrlBind")
		e.grant(e.foreign, e.g, enum.LevelRead)
		is("with a client below that reads", e.carl, e.foreign, "clientUrlBind")
		if wrong := told(h, e.carl, "clientUrlBind", input{"applicationId": e.foreign, "clientId": e.g, "origin": "https://below.example.net"}); wrong != "" {
			t.Errorf("what the hint says is refused: %s", wrong)
		}
		e.exec("UPDATE applications SET status = 'ARCHIVED'")
		is("the owner, archived", e.paula, e.app, "applicationUpdate applicationPropertiesDelete accessGrantSet applicationRestore applicationRemove")
		is("the creator, archived", e.carl, explicit, "applicationUpdate applicationPropertiesDelete applicationRestore applicationRemove")
		is("a writer, archived", e.carl, e.written, "out of sight")
	})
}

// design 4: the hints of a page are read with the page, however many applications it has.
func TestViewerCanOfAPage(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		for i := range 30 {
			app := h.Application(e.p, fmt.Sprint("page-", i), "Page")
			e.grant(app, []oid.Client{e.c, e.g}[i%2], []enum.AccessLevel{enum.LevelRead, enum.LevelWrite}[i%3/2])
		}
		spent := func(token string, first int, fields string) int {
			ctx, counter := store.WithCounter(t.Context())
			a := h.DoContext(ctx, token, fmt.Sprintf("{ applications(first: %d) { nodes { id %s } } }", first, fields), nil)
			if n := strings.Count(string(a.Data), `"id"`); n != first || fields != "" && strings.Count(string(a.Data), `"viewerCan":["`) != first {
				t.Fatalf("%d of %d: %s", n, first, a.Body)
			}
			return counter.Statements()
		}
		for who, token := range map[string]string{"the owner": e.paula, "a client below": e.carl, "SYSTEM": e.root} {
			spent(token, 1, "") // who he is has been read
			page, one, many := spent(token, 20, ""), spent(token, 1, "viewerCan"), spent(token, 20, "viewerCan")
			t.Logf("%s: %d statements for a page of 20, %d with its hints", who, page, many)
			if many != one || many > page+1 {
				t.Errorf("%s: %d statements for 20 without hints; with them %d, and %d for one", who, page, many, one)
			}
		}
	})
}
