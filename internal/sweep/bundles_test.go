package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// sweptBundle is an application with one page, without its checksum: an upgrade by it changes the page `home`, and drops all
// others.
const sweptBundle = `{"format":"appanage-bundle","formatVersion":1,"application":{"code":"swept","name":"Swept","type":"APP","thumbnailUrl":null},` +
	`"properties":[],"permissions":[],"roles":[],"packages":[],"definitions":[{"kind":"PAGE","name":"home","public":false,"final":false,"content":{"by":"bundle"}}],"registrationRules":[]}`

// bundles: one that each member of each client has sent for it.
func (w *world) bundles() {
	sum := sha256.Sum256([]byte(sweptBundle))
	text := strings.TrimSuffix(sweptBundle, "}") + `,"checksum":"sha256:` + hex.EncodeToString(sum[:]) + `"}`
	members, err := w.ent.Membership.Query().All(w.ctx)
	w.h.Must(err)
	for _, m := range members {
		id := oid.New[oid.Bundle]()
		w.h.Must(w.ent.Bundle.Create().SetID(id).SetClientID(m.ClientID).SetUserID(m.UserID).SetSize(len(text)).SetExpiresAt(time.Now().UTC().Add(time.Hour)).Exec(w.ctx))
		w.h.Must(w.ent.BundlePart.Create().SetID(string(id) + "-0").SetBundleID(id).SetPosition(0).SetContent(text).Exec(w.ctx))
	}
}

// bundle is the one that the caller has sent.
func (r *run) bundle() string {
	for _, b := range r.v.where("bundles", "user_id", r.p.user) {
		if b["client_id"] == r.p.client {
			return b["id"]
		}
	}
	return unknownID(oid.KindBundle)
}

// upgrades tries out, without doing it, what the caller's bundle would make of every application: who may see that, and of
// whose layers it tells, and which it only counts (domain 12.2).
func (r *run) upgrades() {
	f := r.Mutation.Fields.ForName("applicationUpgrade")
	if !r.p.holds(required(f)) {
		return
	}
	for _, app := range r.v.tables["applications"] {
		input := map[string]any{"applicationId": app["id"], "bundleId": r.bundle(), "dryRun": true}
		payload, answer := r.bundling(f, input)
		place := f.Name + " of " + r.describe(app["id"])
		visible := r.v.sights[app["id"]] >= full
		may := visible && app["status"] == "ACTIVE" && (r.v.scope[app["client_id"]] || app["creator_id"] == r.p.client && r.v.writes(app))
		report := get[any](payload, "report")
		if !r.expect((report != nil) == may, "%s: %s", place, answer.Body) {
			continue
		}
		if report == nil {
			code := get[string](at(get[any](payload, "errors"), 0), "code")
			r.expect((code == "NOT_FOUND") == !visible && (visible || code == "NOT_FOUND"), "%s is %s", place, code)
			continue
		}
		r.changesOf(report, app, place)
	}
}

// bundling runs a mutation on bundles.
func (r *run) bundling(f *ast.FieldDefinition, input map[string]any) (any, hubtest.Answer) {
	doc := fmt.Sprintf("mutation ($input: %s) { %s(input: $input) %s }", f.Arguments.ForName("input").Type, f.Name, r.selection(r.target(f)))
	answer := r.h.Do(r.p.token, doc, hubtest.Variables{"input": input})
	return decode(answer.Data)[f.Name], answer
}

// changesOf compares what an upgrade tells of layers with what there is: each client that writes today has changed what the
// bundle changes of `home`, and has nothing to build on where a page is dropped that takes layers.
func (r *run) changesOf(report any, app row, place string) {
	var conflicts, sleeping []string
	counts := map[string]int{}
	for _, l := range r.v.where("definition_layers", "application_id", app["id"]) {
		if l["client_id"] == app["client_id"] {
			counts[l["name"]]++
			continue
		}
		stands := slices.ContainsFunc(r.v.where("access_grants", "application_id", app["id"]), func(g row) bool {
			return g["client_id"] == l["client_id"] && g["level"] == "WRITE" && r.v.inForce(g)
		})
		if !stands {
			continue
		}
		word := r.v.byID[l["client_id"]]["code"] + " " + l["name"]
		if !r.v.scope[l["client_id"]] {
			word = ""
		}
		switch l["name"] {
		case "home":
			conflicts = append(conflicts, word)
		case "private":
			sleeping = append(sleeping, word)
		}
	}
	r.shown(r.Types["UpgradeReport"], report)
	r.toldOf("UpgradeConflict", get[[]any](report, "conflicts"), int(get[float64](report, "conflictCount")), conflicts, place)
	r.toldOf("DefinitionName", get[[]any](report, "sleeping"), int(get[float64](report, "sleepingCount")), sleeping, place)
	for _, c := range get[[]any](report, "changes") {
		r.shown(r.Types["UpgradeChange"], c)
		if get[string](c, "kind") == "Definition" {
			home := counts["home"]
			delete(counts, "home")
			got := [3]float64{get[float64](c, "made"), get[float64](c, "changed"), get[float64](c, "dropped")}
			r.expect(got == [3]float64{float64(1 - home), float64(home), float64(len(counts))}, "%s changes %v definitions", place, got)
		}
	}
}

// toldOf compares the layers that are named, and the number of all, with those there are: "" for one that is not to be named.
func (r *run) toldOf(typ string, list []any, count int, want []string, place string) {
	var got []string
	for _, one := range list {
		r.shown(r.Types[typ], one)
		got = append(got, get[string](one, "clientCode")+" "+get[string](one, "name"))
	}
	r.expect(count == len(want), "%s counts %d of %s, not %d", place, count, typ, len(want))
	want = slices.DeleteFunc(want, func(word string) bool { return word == "" })
	slices.Sort(got)
	slices.Sort(want)
	r.expect(slices.Equal(got, want), "%s names %v, not %v", place, got, want)
}

// imports has the one who sees everything import his bundle, after all else: it is the one thing that the sweep makes.
func (s *sweep) imports() {
	f := readFacts(s.h)
	for _, p := range s.w.principals(states[0]) {
		if p.name != everything {
			continue
		}
		r := &run{s, p, newView(f, p), newReport()}
		payload, answer := r.bundling(r.Mutation.Fields.ForName("applicationImport"), map[string]any{"bundleId": r.bundle(), "name": "Imported"})
		made := get[[]any](payload, "made")
		if r.expect(len(made) == 1 && get[any](payload, "application") != nil, "applicationImport: %s", answer.Body) {
			r.shown(r.Types["BundleCount"], made[0])
			r.expect(get[string](made[0], "kind") == "Definition" && get[float64](made[0], "count") == 1, "applicationImport makes %v", made)
		}
		s.sum.add(r.report)
	}
}
