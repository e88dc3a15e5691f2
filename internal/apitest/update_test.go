package apitest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 4.4: who cannot change an application, and what cannot be changed. Nothing is written.
func TestApplicationUpdateRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		explicit := e.succeeds(e.carl, "applicationCreate", input{"name": "Imported", "accessType": "EXPLICIT"}).Application.ID
		shared := e.succeeds(e.carl, "applicationCreate", input{"name": "Imported and shared", "accessType": "EXPLICIT"}).Application.ID
		e.grant(oid.Application(shared), e.g, enum.LevelWrite)
		e.succeeds(e.paula, "applicationUpdate", input{"id": e.app, "name": "Second version"})
		for rule, c := range map[string]struct {
			token string
			in    input
			want  []string
		}{
			"unknown":                                   {e.paula, input{"id": oid.New[oid.Application](), "name": "x"}, []string{"NOT_FOUND at input.id"}},
			"foreign":                                   {e.paula, input{"id": e.foreign, "name": "x"}, []string{"NOT_FOUND at input.id"}},
			"of the manager, without access":            {e.carl, input{"id": e.app, "name": "x"}, []string{"NOT_FOUND at input.id"}},
			"of another kind":                           {e.paula, input{"id": e.p, "name": "x"}, []string{"INVALID at input.id"}},
			"no id":                                     {e.paula, input{"id": "", "name": "x"}, []string{"INVALID at input.id"}},
			"a code is no id":                           {e.paula, input{"id": "shop-one", "name": "x"}, []string{"INVALID at input.id"}},
			"a stale version":                           {e.paula, input{"id": e.app, "name": "x", "expectedVersion": 1}, []string{"CONFLICT at input.expectedVersion"}},
			"a version to come":                         {e.paula, input{"id": e.app, "name": "x", "expectedVersion": 3}, []string{"CONFLICT at input.expectedVersion"}},
			"version 0":                                 {e.paula, input{"id": e.app, "expectedVersion": 0}, []string{"CONFLICT at input.expectedVersion"}},
			"an empty name":                             {e.paula, input{"id": e.app, "name": " "}, []string{"INVALID at input.name"}},
			"129 characters":                            {e.paula, input{"id": e.app, "name": strings.Repeat("ü", 129)}, []string{"INVALID at input.name"}},
			"a thumbnail by http":                       {e.paula, input{"id": e.app, "thumbnailUrl": "http://x.example"}, []string{"INVALID at input.thumbnailUrl"}},
			"a name and a thumbnail":                    {e.paula, input{"id": e.app, "name": "", "thumbnailUrl": "x"}, []string{"INVALID at input.name", "INVALID at input.thumbnailUrl"}},
			"4.4 the owner to EXPLICIT":                 {e.paula, input{"id": e.app, "accessType": "EXPLICIT"}, []string{"NOT_ALLOWED at input.accessType"}},
			"4.4 SYSTEM to EXPLICIT":                    {e.root, input{"id": e.app, "accessType": "EXPLICIT", "name": "x"}, []string{"NOT_ALLOWED at input.accessType"}},
			"4.4 an access type in small letters":       {e.paula, input{"id": e.app, "accessType": "any"}, []string{"INVALID at input.accessType"}},
			"4.4 WRITE on OWN sends EXPLICIT":           {e.carl, input{"id": e.written, "accessType": "EXPLICIT"}, []string{"NOT_ALLOWED at input.id"}},
			"4.4 WRITE on OWN sends a name":             {e.carl, input{"id": e.written, "name": "Mine now"}, []string{"NOT_ALLOWED at input.id"}},
			"4.4 WRITE on OWN sends both":               {e.carl, input{"id": e.written, "accessType": "EXPLICIT", "name": "Mine now"}, []string{"NOT_ALLOWED at input.id"}},
			"4.4 WRITE on OWN sends what is":            {e.carl, input{"id": e.written, "name": "Written"}, []string{"NOT_ALLOWED at input.id"}},
			"4.4 WRITE on ANY":                          {e.carl, input{"id": e.any, "thumbnailUrl": nil}, []string{"NOT_ALLOWED at input.id"}},
			"4.4 READ":                                  {e.carl, input{"id": e.readable, "name": "x"}, []string{"NOT_ALLOWED at input.id"}},
			"4.4 below a client with WRITE":             {e.gina, input{"id": e.written, "name": "x"}, []string{"NOT_FOUND at input.id"}},
			"4.4 the creator and the access type":       {e.carl, input{"id": explicit, "accessType": "OWN"}, []string{"NOT_ALLOWED at input.accessType"}},
			"4.4 the creator, access type and name":     {e.carl, input{"id": explicit, "accessType": "ANY", "name": "x"}, []string{"NOT_ALLOWED at input.accessType"}},
			"4.4 WRITE on EXPLICIT, not the creator":    {e.gina, input{"id": shared, "name": "x"}, []string{"NOT_ALLOWED at input.id"}},
			"4.4 below the creator":                     {e.gina, input{"id": explicit, "name": "x"}, []string{"NOT_FOUND at input.id"}},
			"4.4 refused before the version is told":    {e.carl, input{"id": e.readable, "name": "x", "expectedVersion": 7}, []string{"NOT_ALLOWED at input.id"}},
			"4.4 unseen before the version is told":     {e.stan, input{"id": e.app, "name": "x", "expectedVersion": 7}, []string{"NOT_FOUND at input.id"}},
			"4.4 nothing else: an empty change refused": {e.carl, input{"id": e.readable}, []string{"NOT_ALLOWED at input.id"}},
		} {
			t.Run(rule, func(t *testing.T) {
				p := e.fails(t, c.token, "applicationUpdate", c.in, c.want...)
				if current := p.Errors[0].CurrentVersion; (p.Errors[0].Code == "CONFLICT") != (current != nil && *current == 2) {
					t.Errorf("current version %v", current)
				}
			})
		}
		// a foreign application is answered as an unknown one, byte for byte
		answers := map[string]bool{}
		for _, id := range []oid.Application{e.foreign, oid.New[oid.Application]()} {
			answers[string(e.raw(e.paula, "applicationUpdate", input{"id": id, "name": "x", "expectedVersion": 1}).Body)] = true
		}
		if len(answers) != 1 {
			t.Errorf("%v", answers)
		}
		for _, in := range []any{input{}, input{"name": "x"}, input{"id": nil}, input{"id": e.app, "status": "ARCHIVED"}, input{"id": e.app, "code": "x"},
			input{"id": e.app, "accessType": "NONE"}, input{"id": e.app, "expectedVersion": "one"}, input{"id": e.app, "expectedVersion": 1.5}, nil} {
			e.refuses(t, e.paula, "applicationUpdate", in, 400, "VALIDATION")
		}
	})
}

// domain 4.4: what can be changed, and by whom; absent fields stay, and a change that changes nothing is none.
func TestApplicationUpdate(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		explicit := e.succeeds(e.carl, "applicationCreate", input{"name": "Imported", "accessType": "EXPLICIT"}).Application.ID
		childs := e.succeeds(e.carl, "applicationCreate", input{"name": "Child's"}).Application.ID
		const picture = "https://img.example/a.png"
		for _, c := range []struct {
			rule, token string
			in          input
			want        string // name, access type, thumbnail, version
		}{
			{"a name", e.paula, input{"id": e.app, "name": " New \u00e9 e\u0301 "}, "New é é OWN <nil> 2"},
			{"what is already so", e.paula, input{"id": e.app, "name": "New é é", "accessType": "OWN", "thumbnailUrl": nil}, "New é é OWN <nil> 2"},
			{"nothing", e.paula, input{"id": e.app}, "New é é OWN <nil> 2"},
			{"nothing, at the right version", e.paula, input{"id": e.app, "expectedVersion": 2}, "New é é OWN <nil> 2"},
			{"a thumbnail", e.paula, input{"id": e.app, "thumbnailUrl": picture}, "New é é OWN " + picture + " 3"},
			{"absent stays", e.paula, input{"id": e.app, "accessType": "ANY"}, "New é é ANY " + picture + " 4"},
			{"null stays, but for the thumbnail", e.paula, input{"id": e.app, "name": nil, "accessType": nil, "expectedVersion": nil}, "New é é ANY " + picture + " 4"},
			{"null clears the thumbnail", e.paula, input{"id": e.app, "thumbnailUrl": nil}, "New é é ANY <nil> 5"},
			{"all at the right version", e.paula, input{"id": e.app, "name": "N", "accessType": "OWN", "thumbnailUrl": picture, "expectedVersion": 5}, "N OWN " + picture + " 6"},
			{"4.4 SYSTEM", e.root, input{"id": e.app, "name": "By SYSTEM"}, "By SYSTEM OWN " + picture + " 7"},
			{"4.4 a client managing the owner", e.paula, input{"id": childs, "name": "By P", "accessType": "ANY"}, "By P ANY <nil> 2"},
			{"4.4 the owner", e.carl, input{"id": childs, "name": "By C"}, "By C ANY <nil> 3"},
			{"4.4 the creator of an EXPLICIT one", e.carl, input{"id": explicit, "name": "By its creator", "thumbnailUrl": picture}, "By its creator EXPLICIT " + picture + " 2"},
			{"4.4 the creator repeats EXPLICIT", e.carl, input{"id": explicit, "accessType": "EXPLICIT"}, "By its creator EXPLICIT " + picture + " 2"},
			{"4.4 the owner repeats EXPLICIT", e.paula, input{"id": explicit, "accessType": "EXPLICIT", "name": "By its owner"}, "By its owner EXPLICIT " + picture + " 3"},
			{"4.4 the owner leaves EXPLICIT", e.paula, input{"id": explicit, "accessType": "OWN"}, "By its owner OWN " + picture + " 4"},
		} {
			events, updated := e.count("audit_events", "1 = 1"), e.column("applications", c.in["id"], "updated_at")
			before := e.column("applications", c.in["id"], "version")
			a := e.succeeds(c.token, "applicationUpdate", c.in).Application
			thumbnail := "<nil>"
			if a.ThumbnailURL != nil {
				thumbnail = *a.ThumbnailURL
			}
			if got := fmt.Sprintf("%s %s %s %d", a.Name, a.AccessType, thumbnail, a.Version); got != c.want {
				t.Errorf("%s: got %s, want %s", c.rule, got, c.want)
			}
			changed := before != e.column("applications", c.in["id"], "version")
			if after := e.count("audit_events", "1 = 1"); (after == events+1) != changed || after > events+1 {
				t.Errorf("%s: %d audit events, changed %t", c.rule, after-events, changed)
			}
			if same := updated == e.column("applications", c.in["id"], "updated_at"); same == changed {
				t.Errorf("%s: updatedAt stays %t, changed %t", c.rule, same, changed)
			}
		}
		// left once, EXPLICIT never comes back; and its creator, now an ordinary writer, changes nothing any more
		e.fails(t, e.paula, "applicationUpdate", input{"id": explicit, "accessType": "EXPLICIT"}, "NOT_ALLOWED at input.accessType")
		e.fails(t, e.carl, "applicationUpdate", input{"id": explicit, "name": "x"}, "NOT_ALLOWED at input.id")
	})
}

// domain 4.4: the creator of an EXPLICIT application changes it only while it has write access.
func TestApplicationUpdateByACreatorWithoutWrite(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		id := e.succeeds(e.carl, "applicationCreate", input{"name": "Imported", "accessType": "EXPLICIT"}).Application.ID
		for _, c := range []struct{ change, want string }{
			{"level = 'READ'", "NOT_ALLOWED at input.id"},
			{"level = 'WRITE', expires_at = created_at", "NOT_FOUND at input.id"},
			{"level = 'BARRED', expires_at = NULL", "NOT_FOUND at input.id"},
		} {
			e.exec("UPDATE access_grants SET "+c.change+" WHERE application_id = ?", id)
			e.fails(t, e.carl, "applicationUpdate", input{"id": id, "name": "x"}, c.want)
		}
		e.exec("UPDATE access_grants SET level = 'WRITE' WHERE application_id = ?", id)
		e.succeeds(e.carl, "applicationUpdate", input{"id": id, "name": "x"})
	})
}

// design 5: of many changes made on one reading exactly one wins; without expectedVersion none is lost.
func TestApplicationUpdateRaces(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		const n = 10
		var mu sync.Mutex
		won := 0
		atOnce(n, func(i int) {
			p := e.do(e.paula, "applicationUpdate", input{"id": e.app, "name": fmt.Sprint("Name ", i), "expectedVersion": 1})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case len(p.Errors) == 0:
				won++
			case p.Errors[0].Code != "CONFLICT" || *p.Errors[0].CurrentVersion != 2:
				t.Errorf("%+v", p.Errors)
			}
		})
		if won != 1 || e.column("applications", e.app, "version") != "2" {
			t.Errorf("%d won, version %s", won, e.column("applications", e.app, "version"))
		}
		atOnce(n, func(i int) {
			e.do(e.paula, "applicationUpdate", input{"id": e.app, "name": fmt.Sprint("Other ", i)})
		})
		if v := e.column("applications", e.app, "version"); v != "12" || e.count("audit_events", "object_id = ?", e.app) != 1+n {
			t.Errorf("version %s, %d events", v, e.count("audit_events", "object_id = ?", e.app))
		}
	})
}
