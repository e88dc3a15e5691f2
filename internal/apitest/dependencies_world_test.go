package apitest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// embedding is the estate of the tests of dependencies: applications of C that depend on those of P, and on each other.
type embedding struct {
	*estate
	shop, blog oid.Application // of C
	codes      map[oid.Application]string
}

func newEmbedding(t testing.TB, h *hubtest.Hub) *embedding {
	t.Helper()
	e := &embedding{estate: newEstate(t, h), codes: map[oid.Application]string{}}
	e.shop, e.blog = h.Application(e.c, "shop", "C's shop"), h.Application(e.c, "blog", "C's blog")
	return e
}

// app makes an application.
func (e *embedding) app(owner oid.Client, code string) oid.Application {
	e.t.Helper()
	e.known.Store(nil)
	return e.Application(owner, code, "Application "+code)
}

// apps makes applications of C, called after a letter and their numbers.
func (e *embedding) apps(letter string, n int) []oid.Application {
	e.t.Helper()
	list := make([]oid.Application, n)
	for i := range list {
		list[i] = e.app(e.c, fmt.Sprint(letter, "-", i))
	}
	return list
}

// embeddable grants a client READ of an application, with or without the mark.
func (e *embedding) embeddable(app oid.Application, to oid.Client, marked bool) oid.AccessGrant {
	e.t.Helper()
	id := e.grant(app, to, enum.LevelRead)
	e.Must(e.Ent().AccessGrant.UpdateOneID(id).SetEmbeddable(marked).Exec(e.System()))
	e.known.Store(nil)
	return id
}

// depend sends one of the two mutations and gives the id it answers with and its errors, each "CODE at path". It may run
// beside others.
func depend(h *hubtest.Hub, token, name string, in input) (id string, errs []string, body string) {
	selection := "applicationDependency { id }"
	if name == "applicationDependencyRemove" {
		selection = "applicationDependencyId"
	}
	doc := "mutation($input: " + strings.ToUpper(name[:1]) + name[1:] + "Input!) { " + name + "(input: $input) { " + selection + " errors { code message path currentVersion } } }"
	a := h.Do(token, doc, hubtest.Variables{"input": in})
	var data map[string]*struct {
		ApplicationDependency   *struct{ ID string }
		ApplicationDependencyID *string
		Errors                  []userError
	}
	if err := json.Unmarshal(a.Data, &data); err != nil || data[name] == nil || len(a.Errors) > 0 {
		return "", []string{"NO ANSWER"}, string(a.Body)
	}
	p := data[name]
	for _, u := range p.Errors {
		errs = append(errs, u.Code+" at "+strings.Join(u.Path, "."))
	}
	switch {
	case p.ApplicationDependency != nil:
		id = p.ApplicationDependency.ID
	case p.ApplicationDependencyID != nil:
		id = *p.ApplicationDependencyID
	}
	return id, errs, string(a.Body)
}

// on makes one application depend on another, which must succeed.
func (e *embedding) on(token string, from, to oid.Application, position ...int) oid.Dependency {
	e.t.Helper()
	e.known.Store(nil)
	in := input{"applicationId": from, "dependencyId": to}
	if len(position) > 0 {
		in["position"] = position[0]
	}
	id, errs, body := depend(e.Hub, token, "applicationDependencyAdd", in)
	if len(errs) > 0 || id == "" {
		e.t.Fatalf("%s", body)
	}
	return oid.Dependency(id)
}

// off sends one of the two mutations, which must be refused with exactly these errors and change nothing. It gives the
// whole answer.
func (e *embedding) off(t testing.TB, token, name string, in input, want ...string) string {
	t.Helper()
	before := e.before()
	id, errs, body := depend(e.Hub, token, name, in)
	if fmt.Sprint(errs) != fmt.Sprint(want) || id != "" {
		t.Errorf("%s %.200v\ngot  %v\nwant %v\n%s", name, in, errs, want, body)
	}
	e.unchanged(t, before, name, in)
	return body
}

// refuse is off for a dependency to be made.
func (e *embedding) refuse(t testing.TB, token string, from, to oid.Application, want string) string {
	t.Helper()
	return e.off(t, token, "applicationDependencyAdd", input{"applicationId": from, "dependencyId": to}, want)
}

// row makes a dependency behind the hub's back.
func (e *embedding) row(owner oid.Client, from, to oid.Application, position int) oid.Dependency {
	e.t.Helper()
	e.known.Store(nil)
	id := oid.New[oid.Dependency]()
	e.Must(e.Ent().ApplicationDependency.Create().SetID(id).SetClientID(owner).SetApplicationID(from).SetDependencyID(to).SetPosition(position).Exec(e.System()))
	return id
}

// shown asks both executors, which must answer alike, and gives the answer's data.
func (e *embedding) shown(t testing.TB, token, query string, vars hubtest.Variables) string {
	t.Helper()
	planned, plain := e.Do(token, query, vars), e.Node(func(o *hub.HTTP) { o.Reads = hub.Reference }).Do(token, query, vars)
	if string(planned.Data) != string(plain.Data) || len(planned.Errors) > 0 {
		t.Errorf("%s\nplanned   %s\nreference %s", query, planned.Body, plain.Body)
	}
	return string(planned.Data)
}

const listDependencies = `query ($id: ID!) { application(id: $id) { dependencies(first: 100, orderBy: {field: POSITION}) {
	nodes { position state applicationCode application { code } dependency { code } } totalCount } } }`

// listed is the list of an application, in stored order: "code STATE", and "-" for a code that is not shown.
func (e *embedding) listed(t testing.TB, token string, of oid.Application) string {
	t.Helper()
	var data struct {
		Application *struct {
			Dependencies struct {
				Nodes []struct {
					Position                int
					State, ApplicationCode  string
					Application, Dependency *struct{ Code string }
				}
				TotalCount int
			}
		}
	}
	answer := e.shown(t, token, listDependencies, hubtest.Variables{"id": of})
	e.Must(json.Unmarshal([]byte(answer), &data))
	if data.Application == nil {
		return "no such application"
	}
	var words []string
	for i, d := range data.Application.Dependencies.Nodes {
		code := "-"
		if d.Dependency != nil {
			code = d.Dependency.Code
		}
		words = append(words, code+" "+d.State)
		if d.Position != i+1 || d.ApplicationCode != e.column("applications", of, "code") || d.Application == nil {
			t.Errorf("at %d: %+v", i+1, d)
		}
	}
	if data.Application.Dependencies.TotalCount != len(words) {
		t.Errorf("%d in all, %d listed", data.Application.Dependencies.TotalCount, len(words))
	}
	return strings.Join(words, ", ")
}

// loads is the load order of an application: "code depth", with the state where it is broken.
func (e *embedding) loads(t testing.TB, token string, of oid.Application) string {
	t.Helper()
	var data struct {
		Application *struct {
			LoadOrder []struct {
				Application *struct{ Code string }
				Depth       int
				State       string
			}
		}
	}
	answer := e.shown(t, token, `query ($id: ID!) { application(id: $id) { loadOrder { application { code } depth state } } }`, hubtest.Variables{"id": of})
	e.Must(json.Unmarshal([]byte(answer), &data))
	if data.Application == nil {
		return "no such application"
	}
	var words []string
	for _, l := range data.Application.LoadOrder {
		word := "-"
		if l.Application != nil {
			word = l.Application.Code
		}
		word += fmt.Sprint(" ", l.Depth)
		if l.State != string(enum.DependencyReady) {
			word += " " + l.State
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}
