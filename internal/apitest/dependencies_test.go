package apitest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 8.1, 8.2: dependencies are made by those who answer for the application, stand in their order, and leave a trail.
func TestDependencyAdd(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEmbedding(t, h)
		e.embeddable(e.app(e.p, "library"), e.c, true)
		library := e.app(e.c, "of-its-own")
		e.on(e.carl, e.shop, library)
		e.on(e.carl, e.shop, e.any)               // at the end: ANY, and C may write it
		e.on(e.paula, e.shop, e.blog, 1)          // the client that manages the owner
		e.on(e.root, e.shop, e.app(e.c, "x2"), 3) // SYSTEM
		e.on(e.carl, e.shop, e.app(e.c, "x5"), 5)
		e.on(e.carl, e.shop, e.app(e.c, "x6"), 77) // beyond the end
		if got := e.listed(t, e.carl, e.shop); got != "blog READY, of-its-own READY, x2 READY, anybodys READY, x5 READY, x6 READY" {
			t.Errorf("%s", got)
		}
		a := e.Do(e.carl, `mutation($in: ApplicationDependencyAddInput!) { applicationDependencyAdd(input: $in) {
			applicationDependency { id position state version applicationCode dependency { code dependents { nodes { application { code } } } } } errors { code } } }`,
			hubtest.Variables{"in": input{"applicationId": e.blog, "dependencyId": e.any, "position": nil}})
		var data struct {
			ApplicationDependencyAdd struct {
				ApplicationDependency struct{ ID string }
			}
		}
		h.MustData(a, &data)
		id := data.ApplicationDependencyAdd.ApplicationDependency.ID
		if got := strings.ReplaceAll(string(a.Data), id, "NEW"); got != `{"applicationDependencyAdd":{"applicationDependency":{"id":"NEW","position":1,"state":"READY","version":1,"applicationCode":"blog",`+
			`"dependency":{"code":"anybodys","dependents":{"nodes":[{"application":{"code":"shop"}},{"application":{"code":"blog"}}]}}},"errors":[]}}` {
			t.Errorf("%s", a.Body)
		}
		names := map[string]string{id: "NEW", string(e.blog): "BLOG", string(e.any): "ANY", string(e.carlID): "CARL", string(e.c): "C"}
		if got := strings.Join(e.trail(t, a.Header.Get("X-Request-Id"), names), "\n"); got !=
			`applicationDependencyAdd ApplicationDependency NEW by CARL of C in C: nothing -> {"applicationId":"BLOG","dependencyId":"ANY","position":1}` {
			t.Errorf("%s", got)
		}
		if owner := e.column("application_dependencies", id, "client_id"); owner != string(e.c) {
			t.Errorf("it belongs to %s", owner)
		}
	})
}

// domain 8.2: the stored order can be paged through, both ways, over more than nine places.
func TestDependenciesInPages(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEmbedding(t, h)
		for i, l := range e.apps("lib", 12) {
			e.row(e.c, e.shop, l, i+1)
		}
		const pages = `query ($id: ID!, $after: String, $before: String, $first: Int, $last: Int, $way: OrderDirection!) { application(id: $id) {
			dependencies(first: $first, last: $last, after: $after, before: $before, orderBy: {field: POSITION, direction: $way}) {
			nodes { dependency { code } } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } } }`
		for way, want := range map[string]string{
			"ASC":  "lib-0 lib-1 lib-2 lib-3 lib-4 | lib-5 lib-6 lib-7 lib-8 lib-9 | lib-10 lib-11 | ",
			"DESC": "lib-11 lib-10 lib-9 lib-8 lib-7 | lib-6 lib-5 lib-4 lib-3 lib-2 | lib-1 lib-0 | ",
		} {
			for _, forward := range []bool{true, false} {
				vars := hubtest.Variables{"id": e.shop, "way": way, "first": 5}
				if !forward { // from the end: two, then five at a time
					vars = hubtest.Variables{"id": e.shop, "way": way, "last": 2}
				}
				got := ""
				for more := true; more; {
					var data struct {
						Application struct {
							Dependencies struct {
								Nodes    []struct{ Dependency struct{ Code string } }
								PageInfo struct {
									StartCursor, EndCursor       string
									HasNextPage, HasPreviousPage bool
								}
							}
						}
					}
					h.Must(json.Unmarshal([]byte(e.shown(t, e.carl, pages, vars)), &data))
					page := ""
					for _, n := range data.Application.Dependencies.Nodes {
						page += n.Dependency.Code + " "
					}
					info := data.Application.Dependencies.PageInfo
					if forward {
						got, more = got+page+"| ", info.HasNextPage
						vars["after"] = info.EndCursor
					} else {
						got, more = page+"| "+got, info.HasPreviousPage
						vars["before"], vars["last"] = info.StartCursor, 5
					}
				}
				if got != want {
					t.Errorf("%s, forward %t: %s", way, forward, got)
				}
			}
		}
	})
}

// domain 8.1: who cannot, on what, and where. Nothing is written.
func TestDependencyAddRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEmbedding(t, h)
		e.on(e.carl, e.shop, e.blog)
		archived, granted := e.app(e.c, "archived"), e.app(e.p, "granted")
		e.exec("UPDATE applications SET status = 'ARCHIVED' WHERE id = ?", archived)
		e.embeddable(granted, e.g, true)
		explicit := oid.Application(e.succeeds(e.carl, "applicationCreate", input{"name": "Imported", "accessType": "EXPLICIT"}).Application.ID)
		unknown := oid.New[oid.Application]()
		for rule, c := range map[string]struct {
			token    string
			from, to any
			want     []string
		}{
			"unknown":                               {e.carl, unknown, e.blog, []string{"NOT_FOUND at input.applicationId"}},
			"on an unknown one":                     {e.carl, e.blog, unknown, []string{"NOT_FOUND at input.dependencyId"}},
			"both unknown":                          {e.carl, unknown, oid.New[oid.Application](), []string{"NOT_FOUND at input.applicationId", "NOT_FOUND at input.dependencyId"}},
			"of another kind":                       {e.carl, e.c, e.p, []string{"INVALID at input.applicationId", "INVALID at input.dependencyId"}},
			"foreign":                               {e.stan, e.shop, e.foreign, []string{"NOT_FOUND at input.applicationId"}},
			"on a foreign one":                      {e.carl, e.blog, e.foreign, []string{"NOT_FOUND at input.dependencyId"}},
			"on one of the manager, without access": {e.carl, e.blog, e.app(e.p, "hidden"), []string{"NOT_FOUND at input.dependencyId"}},
			"8.1 seen by the caller, not the owner's": {e.paula, e.blog, e.app(e.p, "paulas"), []string{"NOT_ALLOWED at input.dependencyId"}},
			"8.1 access of the client below":          {e.carl, e.blog, granted, []string{"NOT_ALLOWED at input.dependencyId"}},
			"8.1 a writer":                            {e.carl, e.written, e.blog, []string{"NOT_ALLOWED at input.applicationId"}},
			"8.1 a reader":                            {e.carl, e.readable, e.blog, []string{"NOT_ALLOWED at input.applicationId"}},
			"8.1 the creator of an EXPLICIT one":      {e.carl, explicit, e.blog, []string{"NOT_ALLOWED at input.applicationId"}},
			"8.1 READ without the mark":               {e.carl, e.shop, e.readable, []string{"NOT_ALLOWED at input.dependencyId"}},
			"8.1 WRITE without the mark":              {e.carl, e.shop, e.written, []string{"NOT_ALLOWED at input.dependencyId"}},
			"8.1 SYSTEM consents to nothing either":   {e.root, e.shop, e.readable, []string{"NOT_ALLOWED at input.dependencyId"}},
			"archived":                                {e.carl, e.shop, archived, []string{"NOT_ALLOWED at input.dependencyId"}},
			"twice":                                   {e.carl, e.shop, e.blog, []string{"ALREADY_DONE at input.dependencyId"}},
			"8.2 itself":                              {e.carl, e.shop, e.shop, []string{"CYCLE at input.dependencyId"}},
			"8.2 back":                                {e.carl, e.blog, e.shop, []string{"CYCLE at input.dependencyId"}},
		} {
			t.Run(rule, func(t *testing.T) {
				e.off(t, c.token, "applicationDependencyAdd", input{"applicationId": c.from, "dependencyId": c.to}, c.want...)
			})
		}
		for _, position := range []int{0, -1} {
			e.off(t, e.carl, "applicationDependencyAdd", input{"applicationId": e.blog, "dependencyId": e.any, "position": position}, "INVALID at input.position")
		}
		answers := map[string]bool{}
		for _, id := range []oid.Application{e.foreign, unknown} {
			answers[e.off(t, e.carl, "applicationDependencyAdd", input{"applicationId": e.blog, "dependencyId": id}, "NOT_FOUND at input.dependencyId")] = true
		}
		if len(answers) != 1 {
			t.Errorf("a foreign application and an unknown one: %v", answers)
		}
		_, weak := h.User(e.c, "weak")
		a := e.Do(weak, `mutation($in: ApplicationDependencyAddInput!) { applicationDependencyAdd(input: $in) { errors { code } } }`,
			hubtest.Variables{"in": input{"applicationId": e.blog, "dependencyId": e.any}})
		if len(a.Errors) != 1 || a.Errors[0].Code() != "FORBIDDEN" {
			t.Errorf("without the authority: %s", a.Body)
		}
	})
}

// domain 8.2, 0: a circle is refused with its path, in which applications that the caller does not see are counted.
func TestDependencyCycles(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEmbedding(t, h)
		five := e.apps("five", 5)
		for i := range 4 {
			e.on(e.carl, five[i], five[i+1])
		}
		if said := e.refuse(t, e.carl, five[4], five[0], "CYCLE at input.dependencyId"); !strings.Contains(said, "five-4 > five-0 > five-1 > five-2 > five-3 > five-4") {
			t.Errorf("%s", said)
		}
		if said := e.refuse(t, e.carl, five[0], five[0], "CYCLE at input.dependencyId"); !strings.Contains(said, "five-0 > five-0") {
			t.Errorf("%s", said)
		}
		// S's applications stand in between: all are ANY, and each owner has access to the next
		one, two := e.app(e.s, "secret-one"), e.app(e.s, "secret-two")
		e.exec("UPDATE applications SET access_type = 'ANY' WHERE id IN (?, ?, ?, ?)", one, two, e.shop, e.blog)
		e.embeddable(one, e.c, false)
		e.embeddable(e.blog, e.s, false)
		e.on(e.stan, one, two)
		e.on(e.stan, two, e.blog)
		e.on(e.carl, e.shop, one)
		said := e.refuse(t, e.carl, e.blog, e.shop, "CYCLE at input.dependencyId")
		if !strings.Contains(said, "blog > shop > secret-one > an application you cannot see > blog") || strings.Contains(said, "secret-two") {
			t.Errorf("%s", said)
		}
		// broken dependencies count: they may come to work again
		e.exec("UPDATE access_grants SET level = 'BARRED' WHERE application_id = ?", one)
		said = e.refuse(t, e.carl, e.blog, e.shop, "CYCLE at input.dependencyId")
		if !strings.Contains(said, "blog > shop > 2 applications you cannot see > blog") {
			t.Errorf("%s", said)
		}
	})
}

// Attack, domain 8.2: a circle closed by two requests at once, on two nodes; each of them alone would be fine.
func TestAttackDependencyCycleAtOnce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEmbedding(t, h)
		nodes := []*hubtest.Hub{h, h.Node()}
		const rounds = 8
		for round := range rounds {
			ring := e.apps(fmt.Sprint("ring", round), 4) // 0 > 1 and 2 > 3 stand; 1 > 2 and 3 > 0 come at once
			e.on(e.carl, ring[0], ring[1])
			e.on(e.carl, ring[2], ring[3])
			var mu sync.Mutex
			var all []string
			try := func(node *hubtest.Hub, from, to oid.Application) func() {
				return func() {
					_, errs, _ := depend(node, e.carl, "applicationDependencyAdd", input{"applicationId": from, "dependencyId": to})
					mu.Lock()
					defer mu.Unlock()
					all = append(all, fmt.Sprint(errs))
				}
			}
			together(try(nodes[0], ring[1], ring[2]), try(nodes[1], ring[3], ring[0]))
			slices.Sort(all)
			if fmt.Sprint(all) != "[[CYCLE at input.dependencyId] []]" {
				t.Errorf("round %d: %v", round, all)
			}
		}
		if n := e.count("application_dependencies", "1 = 1"); n != 3*rounds {
			t.Errorf("%d dependencies", n)
		}
	})
}

// domain 8.1: of many at once each finds its place, and the same one comes to be once.
func TestDependenciesAddedAtOnce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEmbedding(t, h)
		nodes := []*hubtest.Hub{h, h.Node()}
		libraries := e.apps("lib", 8)
		var mu sync.Mutex
		errs := map[string]int{}
		atOnce(2*len(libraries), func(i int) { // each twice
			in := input{"applicationId": e.shop, "dependencyId": libraries[i/2]}
			if i%3 == 0 {
				in["position"] = 1
			}
			_, list, _ := depend(nodes[i%2], e.carl, "applicationDependencyAdd", in)
			mu.Lock()
			defer mu.Unlock()
			errs[strings.Join(list, ", ")]++
		})
		if errs[""] != len(libraries) || errs["ALREADY_DONE at input.dependencyId"] != len(libraries) {
			t.Errorf("%v", errs)
		}
		if got := strings.Count(e.listed(t, e.carl, e.shop), "READY"); got != len(libraries) {
			t.Errorf("%d are listed", got)
		}
	})
}

// domain 8: at most 100 directly, and 1,000 in all.
func TestDependencyLimits(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEmbedding(t, h)
		many := make([]oid.Application, 1001) // a heap of a thousand: 0 depends on 1 to 99, each of those on ten more
		apps := "INSERT INTO applications (id, created_at, updated_at, version, code, name, name_key, type, access_type, status, client_id, creator_id) VALUES "
		deps := "INSERT INTO application_dependencies (id, created_at, updated_at, version, position, client_id, application_id, dependency_id) VALUES "
		const at = "'2026-01-01 00:00:00', '2026-01-01 00:00:00', 1, "
		var rows, edges []string
		for i := range many {
			many[i] = oid.New[oid.Application]()
			rows = append(rows, fmt.Sprintf("('%s', %s'many-%d', 'Many', 'many', 'APP', 'OWN', 'ACTIVE', '%s', '%s')", many[i], at, i, e.c, e.c))
			if i > 0 && i < 1000 {
				from := many[max(0, i/10-9)]
				if i < 100 {
					from = many[0]
				}
				edges = append(edges, fmt.Sprintf("('%s', %s%d, '%s', '%s', '%s')", oid.New[oid.Dependency](), at, i, e.c, from, many[i]))
			}
		}
		e.exec(apps + strings.Join(rows, ", "))
		e.exec(deps + strings.Join(edges, ", "))
		e.on(e.carl, many[0], e.blog) // the hundredth, and the 1,000th of all
		e.refuse(t, e.carl, many[0], e.any, "NOT_ALLOWED at input.applicationId")
		e.refuse(t, e.carl, e.shop, many[0], "NOT_ALLOWED at input.dependencyId") // 1,001
		if n := strings.Count(e.loads(t, e.carl, many[0]), ", ") + 1; n != 1000 {
			t.Errorf("%d are loaded", n)
		}
		e.exec("DELETE FROM application_dependencies WHERE dependency_id = ?", e.blog)
		e.on(e.carl, e.shop, many[0])
		e.on(e.carl, many[1], e.any) // below, it is nobody's affair who comes to depend on more
		if n := strings.Count(e.loads(t, e.carl, e.shop), ", ") + 1; n != 1000 {
			t.Errorf("%d are loaded of 1,001", n)
		}
	})
}

// Attack, domain 8.1: to embed an application without the consent of its owner.
func TestAttackEmbeddingWithoutConsent(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEmbedding(t, h)
		in := input{"applicationId": e.shop, "dependencyId": e.readable}
		e.off(t, e.carl, "applicationDependencyAdd", in, "NOT_ALLOWED at input.dependencyId")
		open := e.without(func(r *authz.Rules) { r.Embeds = func(authz.Embedding) bool { return true } })
		e.known.Store(nil)
		if id, errs, body := depend(open, e.carl, "applicationDependencyAdd", in); len(errs) > 0 || e.count("application_dependencies", "id = ?", id) != 1 {
			t.Errorf("without the rule it is not made: %s", body)
		}
		// what came to be all the same is listed as broken, and not looked into
		deep := e.app(e.p, "deep")
		e.on(e.paula, e.readable, deep)
		if list, loads := e.listed(t, e.carl, e.shop), e.loads(t, e.carl, e.shop); list != "readable NO_CONSENT" || loads != "readable 1 NO_CONSENT" {
			t.Errorf("%s; %s", list, loads)
		}
	})
}

// Attack, domain 8.1: a client with write access makes somebody else's application depend on its own.
func TestAttackWriterAddsADependency(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEmbedding(t, h)
		e.embeddable(e.blog, e.p, true) // C would like it
		in := input{"applicationId": e.written, "dependencyId": e.blog}
		e.off(t, e.carl, "applicationDependencyAdd", in, "NOT_ALLOWED at input.applicationId")
		open := e.without(func(r *authz.Rules) { r.Depends = func(bool) bool { return true } })
		e.known.Store(nil)
		if _, errs, body := depend(open, e.carl, "applicationDependencyAdd", in); len(errs) > 0 {
			t.Errorf("without the rule it is not made: %s", body)
		}
		if got := e.loads(t, e.paula, e.written); got != "blog 1" {
			t.Errorf("%s", got)
		}
	})
}

// domain 8.1, 8.2: a dependency is ended by those who answer for either side, and those behind it move up.
func TestDependencyRemove(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEmbedding(t, h)
		libraries := e.apps("lib", 4)
		ids := make([]oid.Dependency, 4)
		for i, l := range libraries {
			ids[i] = e.on(e.carl, e.shop, l)
		}
		e.embeddable(e.readable, e.s, true) // S reads it, and embeds it
		theirs := e.on(e.stan, e.foreign, e.readable)
		e.grant(e.shop, e.s, enum.LevelWrite) // and S sees the shop
		gone := func(token string, in input) string {
			t.Helper()
			e.known.Store(nil)
			id, errs, body := depend(h, token, "applicationDependencyRemove", in)
			if len(errs) > 0 || id != fmt.Sprint(in["id"]) || e.count("application_dependencies", "id = ?", id) != 0 {
				t.Errorf("%v: %s", in, body)
			}
			return body
		}
		const remove = "applicationDependencyRemove"
		for rule, c := range map[string]struct {
			token string
			in    input
			want  string
		}{
			"unknown":            {e.carl, input{"id": oid.New[oid.Dependency]()}, "NOT_FOUND at input.id"},
			"of another kind":    {e.carl, input{"id": e.shop}, "INVALID at input.id"},
			"not to be seen":     {e.gina, input{"id": ids[0]}, "NOT_FOUND at input.id"},
			"seen by a writer":   {e.stan, input{"id": ids[0]}, "NOT_ALLOWED at input.id"},
			"a stale version":    {e.carl, input{"id": ids[0], "expectedVersion": 2}, "CONFLICT at input.expectedVersion"},
			"before its version": {e.stan, input{"id": ids[0], "expectedVersion": 2}, "NOT_ALLOWED at input.id"},
		} {
			t.Run(rule, func(t *testing.T) { e.off(t, c.token, remove, c.in, c.want) })
		}
		gone(e.carl, input{"id": ids[1], "expectedVersion": 1})
		if got := e.listed(t, e.carl, e.shop); got != "lib-0 READY, lib-2 READY, lib-3 READY" {
			t.Errorf("%s", got)
		}
		e.off(t, e.carl, remove, input{"id": ids[2], "expectedVersion": 1}, "CONFLICT at input.expectedVersion") // its place is another
		gone(e.paula, input{"id": ids[2], "expectedVersion": 2})
		gone(e.root, input{"id": ids[0]})
		// the owner of what is embedded sees who does, and ends it, though he does not see the application
		const embedders = `query ($id: ID!) { application(id: $id) { dependents { nodes { id applicationCode state application { code } dependency { code } } } } }`
		if got := e.shown(t, e.paula, embedders, hubtest.Variables{"id": e.readable}); got != fmt.Sprintf(
			`{"application":{"dependents":{"nodes":[{"id":"%s","applicationCode":"strange","state":"READY","application":null,"dependency":{"code":"readable"}}]}}}`, theirs) {
			t.Errorf("%s", got)
		}
		// a client that only reads it does not
		if got := e.shown(t, e.carl, embedders, hubtest.Variables{"id": e.readable}); got != `{"application":{"dependents":{"nodes":[]}}}` {
			t.Errorf("%s", got)
		}
		e.off(t, e.carl, remove, input{"id": theirs}, "NOT_FOUND at input.id")
		e.exec("DELETE FROM access_grants WHERE client_id = ?", e.s) // whether it still works does not matter
		gone(e.paula, input{"id": theirs})
		if n := e.count("audit_events", "operation = 'applicationDependencyRemove' AND object_id = ? AND client_id = ? AND actor_client_id = ?", theirs, e.s, e.p); n != 1 {
			t.Errorf("%d events in the trail of the owner of the application", n)
		}
	})
}
