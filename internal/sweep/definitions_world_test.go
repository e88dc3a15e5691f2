package sweep

import (
	"fmt"
	"slices"
	"strings"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// lay writes what a client has made of a definition, with a version before it.
func (w *world) lay(p *place, app oid.Application, name string, whole, final, public bool) {
	content := fmt.Sprintf(`{"by":%q,%q:true}`, p.code, strings.ToLower(p.code))
	var current oid.DefinitionVersion
	for number := 1; number <= 2; number++ {
		current = oid.New[oid.DefinitionVersion]()
		w.h.Must(w.ent.DefinitionVersion.Create().SetID(current).SetClientID(p.client).SetApplicationID(app).SetKind(enum.DefinitionPage).SetName(name).
			SetNumber(number).SetContent(content).SetWhole(whole).SetFinal(final).SetPublic(public).SetRemoved(false).
			SetChangedByClientID(p.client).SetChangedByID(p.user).Exec(w.ctx))
	}
	w.h.Must(w.ent.DefinitionLayer.Create().SetClientID(p.client).SetApplicationID(app).SetKind(enum.DefinitionPage).SetName(name).
		SetCurrentID(current).SetWhole(whole).SetFinal(final).SetPublic(public).Exec(w.ctx))
}

// gone writes the last version of a layer that was taken away.
func (w *world) gone(p *place, app oid.Application) {
	w.h.Must(w.ent.DefinitionVersion.Create().SetClientID(p.client).SetApplicationID(app).SetKind(enum.DefinitionTheme).SetName("gone").
		SetNumber(1).SetContent("").SetWhole(false).SetFinal(false).SetPublic(false).SetRemoved(true).Exec(w.ctx))
}

// defines gives an application of OWNER its definitions, and the grantees their layers: what everybody may read, what
// nobody else does, and what takes no layers.
func (w *world) defines(app oid.Application) {
	for _, name := range []string{"home", "private", "locked"} {
		w.lay(w.places["OWNER"], app, name, true, name == "locked", name == "home")
		for _, g := range grantees {
			w.lay(w.places[g], app, name, false, false, true)
		}
	}
	w.lay(w.places["CHILD"], app, "asleep", false, false, true)
}

// pageNames are the names of the world's definitions, and one that there is not.
var pageNames = []string{"home", "private", "locked", "asleep", "unheard-of"}

// definition is one as somebody sees it.
type definition struct {
	app           row
	by            string // what its last layer says
	members       []string
	public, final bool
	layers        [][3]string // source, state, client
}

// chain lists who may have a layer for a client, and what each is to it (domain 9.3).
func (f facts) chain(app row, client, url string) (chain []string, source map[string]string) {
	source = map[string]string{}
	path := append([]string{client}, f.wayUp(client)...)
	slices.Reverse(path)
	for _, c := range path {
		source[c] = "MANAGER"
	}
	source[client] = "OWN"
	chain = []string{app["client_id"]}
	if url != "" && source[url] == "" && url != app["client_id"] && f.mayLay(url, app) {
		chain, source[url] = append(chain, url), "URL"
	}
	source[app["client_id"]] = "OWNER"
	for _, c := range path {
		if c != app["client_id"] {
			chain = append(chain, c)
		}
	}
	return chain, source
}

func (f facts) wayUp(client string) (list []string) {
	for at := f.byID[client]["manager_id"]; at != ""; at = f.byID[at]["manager_id"] {
		list = append(list, at)
	}
	return list
}

// mayLay is domain 5.2: a client has write access to an application today.
func (f facts) mayLay(client string, app row) bool {
	return app["client_id"] == client || slices.ContainsFunc(f.where("access_grants", "application_id", app["id"]), func(g row) bool {
		return g["client_id"] == client && g["level"] == "WRITE" && f.inForce(g)
	})
}

// folded is a definition of one application, nil for none (domain 9.4).
func (f facts) folded(app row, name, client, url string) *definition {
	d := &definition{app: app}
	chain, source := f.chain(app, client, url)
	for _, c := range chain {
		for _, l := range f.where("definition_layers", "application_id", app["id"]) {
			if l["client_id"] != c || l["name"] != name {
				continue
			}
			state := "IN_FORCE"
			switch {
			case !f.mayLay(c, app):
				state = "NO_ACCESS"
			case d.final:
				state = "BELOW_FINAL"
			case d.by == "" && !truth(l["whole"]):
				state = "NOTHING_BELOW"
			default:
				if d.by == "" {
					d.public = truth(l["public"])
				}
				code := f.byID[c]["code"]
				d.by, d.members, d.final = code, append(d.members, strings.ToLower(code)), truth(l["final"])
			}
			d.layers = append(d.layers, [3]string{source[c], state, c})
		}
	}
	if d.by == "" {
		return nil
	}
	return d
}

// looked is a definition of an application, or of what it depends on (domain 9.7).
func (f facts) looked(app row, name, client, url string) *definition {
	if d := f.folded(app, name, client, url); d != nil {
		return d
	}
	for _, l := range f.loads(app["id"]) {
		if l.state == "READY" {
			if d := f.folded(f.byID[l.app], name, client, url); d != nil {
				return d
			}
		}
	}
	return nil
}

// opens tells whether definitions of an application are read for a client.
func (v *view) opens(app row, client string) bool {
	return app["status"] == "ACTIVE" && v.scope[client] && v.reaches(client, app)
}

// ownerLayer: of clients in scope, and of the owner of an application that is seen (domain 9.7).
func (v *view) ownerLayer(r row) sight {
	app := v.byID[r["application_id"]]
	return seen(v.scope[r["client_id"]] || app["client_id"] == r["client_id"] && v.application(app) == full)
}
