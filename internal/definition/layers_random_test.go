package definition_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
	"github.com/appanage/appanage/internal/testkit/soak"
)

// Steps of a definition's life, and lives: in make soak 100,000 steps on each engine.
const (
	stepsOfALife  = 250
	lives         = 2
	livesInSoak   = 400
	livesInAChunk = 20
)

// domain 5.4, 9.2 to 9.6: random sequences of saves from fresh and old readings, patches, restores, removals, grants given and
// taken, over six clients of which one is above the owner; after each step what every client reads, and the conflicts it is
// told of, against a naive model.
func TestRandomLayersAgainstAModel(t *testing.T) {
	n := soak.Count(lives, livesInSoak)
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		p := newPlay(t, h)
		for from := 0; from < n && !t.Failed(); from += livesInAChunk {
			t.Run(fmt.Sprint("from life ", from), func(t *testing.T) {
				p.t, p.Hub = t, h.With(t)
				for life := from; life < min(n, from+livesInAChunk); life++ {
					p.live(uint64(life))
				}
			})
		}
		for what, least := range map[string]int{
			"saved": n * 25, "patched": n * 6, "restored": n * 4, "removed": n * 3, "removed with overlays": n / 5, "conflicts": n * 20,
			"NOT_ALLOWED": n * 5, "NOT_FOUND": n * 2, "CONFLICT": n * 2, "INVALID": n / 4, "old readings": n * 10, "told": n * 3,
		} {
			if p.met[what] < least {
				t.Errorf("%s: %d only", what, p.met[what])
			}
		}
		t.Logf("%v", p.met)
	})
}

// play runs the lives of definitions of one application: the hub beside the model.
type play struct {
	*hubtest.Hub
	t       *testing.T
	service *definition.Service
	app     oid.Application
	clients []oid.Client // 0 manages the owner, which is 1; 2 below 1, 3 below 2, 4 below 3; 5 beside 2
	scopes  [][]oid.Client
	met     map[string]int

	// of one life
	random *rand.Rand
	place  definition.Place
	*world
	kept []kept
	log  []string
}

// kept is a reading that somebody has not closed yet.
type kept struct {
	reading
	etag string
}

func newPlay(t *testing.T, h *hubtest.Hub) *play {
	t.Helper()
	service, err := definition.New(h.DB, bytes.Repeat([]byte{7}, 32))
	h.Must(err)
	p := &play{Hub: h, t: t, service: service, met: map[string]int{}, world: &world{parent: []int{-1, 0, 1, 2, 3, 1}, owner: 1}}
	for i, parent := range p.parent {
		above := oid.SystemClient
		if parent >= 0 {
			above = p.clients[parent]
		}
		p.clients = append(p.clients, h.Client(above, fmt.Sprint("MODEL", i), i == 0))
	}
	for i := range p.clients {
		var scope []oid.Client
		for c := range p.clients {
			if slices.Contains(p.path(c), i) {
				scope = append(scope, p.clients[c])
			}
		}
		p.scopes = append(p.scopes, scope)
	}
	p.app = h.Application(p.clients[p.owner], "modelled", "Modelled")
	return p
}

// as is a context of a user of a client.
func (p *play) as(client int) context.Context {
	return actor.With(p.t.Context(), actor.New(actor.Actor{
		Client: p.clients[client], Session: "ses_x", Scope: actor.Scope{Root: p.clients[client], Clients: p.scopes[client]},
	}, []string{"Definition_CREATE", "Definition_UPDATE", "Definition_DELETE"}, time.Now()))
}

func (p *play) live(seed uint64) {
	p.random = rand.New(rand.NewPCG(seed, 9))
	p.place = definition.Place{Application: p.app, Kind: enum.DefinitionPage, Name: fmt.Sprint("life-", seed)}
	p.world = &world{parent: p.parent, owner: p.owner, writes: make([]bool, len(p.clients)), reads: make([]bool, len(p.clients)), layers: map[int]*state{}, past: map[int][]*state{}}
	p.kept, p.log = nil, nil
	p.writes[p.owner] = true
	for c := range p.clients {
		p.give(c, []enum.AccessLevel{"", enum.LevelWrite, enum.LevelWrite, enum.LevelWrite, enum.LevelWrite, enum.LevelRead}[c])
	}
	for step := range stepsOfALife {
		p.step()
		p.compare()
		if p.t.Failed() {
			p.t.Fatalf("seed %d, step %d:\n%s", seed, step, strings.Join(p.log, "\n"))
		}
	}
	p.gapless()
}

// give sets the access of a client, "" for none.
func (p *play) give(client int, level enum.AccessLevel) {
	if client == p.owner {
		return
	}
	p.log = append(p.log, fmt.Sprintf("client %d has %q", client, level))
	p.writes[client], p.reads[client] = level == enum.LevelWrite, level == enum.LevelRead
	_, err := p.DB.Exec(p.System(), "DELETE FROM access_grants WHERE application_id = ? AND client_id = ?", p.app, p.clients[client])
	p.Must(err)
	if level != "" {
		p.Must(p.Ent().AccessGrant.Create().SetClientID(p.clients[client]).SetApplicationID(p.app).SetLevel(level).SetGiverID(p.clients[p.owner]).Exec(p.System()))
	}
}

func (p *play) step() {
	client := p.random.IntN(len(p.clients))
	switch n := p.random.IntN(100); {
	case n < 12:
		p.give(client, []enum.AccessLevel{"", enum.LevelRead, enum.LevelWrite, enum.LevelWrite, enum.LevelWrite}[p.random.IntN(5)])
	case n < 25:
		if r := p.open(client); r != nil {
			p.kept = append(p.kept, *r)
		}
	case n < 33:
		p.remove(client)
	case n < 43:
		p.restore(client)
	case n < 50:
		p.save(client, nil)
	case n < 75:
		if r := p.open(client); r != nil {
			p.save(client, r)
		}
	case len(p.kept) > 0:
		i := p.random.IntN(len(p.kept))
		r := p.kept[i]
		if p.random.IntN(3) > 0 {
			p.kept = slices.Delete(p.kept, i, i+1)
		}
		p.met["old readings"]++
		p.save(r.client, &r)
	}
}

// open reads, nil where there is nothing.
func (p *play) open(client int) *kept {
	got, err := p.service.Read(p.as(client), definition.Question{Place: p.place})
	p.Must(err)
	if got == nil {
		return nil
	}
	all, made := fold(p.chain(client, -1))
	return &kept{reading{client, all, made}, got.Etag}
}

// save saves or patches what a reading shows, with a few members changed. What the author has changed is so afterwards, or he
// is told.
func (p *play) save(client int, from *kept) {
	etag, read, all := (*string)(nil), (*reading)(nil), doc{}
	for k := range 5 {
		all[fmt.Sprint("k", k)] = p.random.IntN(3)
	}
	if from != nil {
		etag, read, all = &from.etag, &from.reading, from.all
	}
	change := doc{}
	for range p.random.IntN(3) {
		change[fmt.Sprint("k", p.random.IntN(5))] = p.random.IntN(3)
	}
	want := all.with(change)
	var final *bool
	if p.random.IntN(12) == 0 {
		said := p.random.IntN(3) == 0
		final = &said
	}
	var told []definition.Conflict
	var err error
	what := "saved"
	if from != nil && p.random.IntN(3) == 0 {
		what = "patched"
		told, err = p.service.Patch(p.as(client), definition.Patch{Place: p.place, Patch: change.text(), ETag: *etag, Final: final})
	} else {
		told, err = p.service.Save(p.as(client), definition.Save{Place: p.place, Content: want.text(), ETag: etag, Final: final})
	}
	code := p.world.save(client, read, want, final)
	p.note(fmt.Sprintf("client %d %s %v of %v", client, what, want, all), what, err, code)
	if code == "" {
		p.hears(client, all.to(want), told)
	}
}

// hears asks that what an author has changed is so now, or that he is told of a conflict there.
func (p *play) hears(client int, change doc, told []definition.Conflict) {
	got, err := p.service.Read(p.as(client), definition.Question{Place: p.place})
	p.Must(err)
	met, err := got.Met(p.as(client), p.place, told)
	p.Must(err)
	now, _ := fold(p.chain(client, -1))
	for k, v := range change {
		if now[k] != v && !slices.ContainsFunc(append(told, met...), func(c definition.Conflict) bool { return c.Pointer == "" || c.Pointer == "/"+k }) {
			p.t.Errorf("client %d has made %s %d, it is %d, and he is not told", client, k, v, now[k])
		}
	}
	p.met["told"] += len(told)
}

// text is an object as JSON.
func (d doc) text() string {
	var members []string
	for _, k := range slices.Sorted(maps.Keys(d)) {
		members = append(members, fmt.Sprintf("%q:%d", k, d[k]))
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (p *play) remove(client int) {
	force := p.random.IntN(2) == 0
	_, err := p.service.Delete(p.as(client), definition.Delete{Place: p.place, Force: force})
	overlays, code := p.world.remove(client, force)
	p.note(fmt.Sprintf("client %d removed, %d with it", client, overlays), "removed", err, code)
	if overlays > 0 {
		p.met["removed with overlays"]++
	}
	if code != "" {
		return
	}
	n, err := p.service.Removed(p.as(client), p.place)
	p.Must(err)
	if n != overlays {
		p.t.Errorf("%d layers went too, the model says %d", n, overlays)
	}
}

func (p *play) restore(client int) {
	past := p.past[client]
	if len(past) == 0 {
		return
	}
	at := p.random.IntN(len(past))
	var id oid.DefinitionVersion
	if _, err := p.DB.First(p.System(), []any{&id}, "SELECT id FROM definition_versions WHERE client_id = ? AND application_id = ? AND kind = ? AND name = ? AND number = ?",
		p.clients[client], p.place.Application, p.place.Kind, p.place.Name, at+1); err != nil || id == "" {
		p.t.Fatalf("there is no version %d of client %d: %v", at+1, client, err)
	}
	err := p.service.Restore(p.as(client), definition.Restore{Version: id})
	code := p.world.restore(past[at])
	p.note(fmt.Sprintf("client %d restored %d: %+v", client, at+1, past[at]), "restored", err, code)
}

// note compares what a step answers.
func (p *play) note(said, what string, err error, code apperr.Code) {
	p.log = append(p.log, fmt.Sprintf("%s: %s", said, code))
	if got := apperr.CodeOf(err); got != code {
		p.t.Errorf("%s: %v, the model says %q", said, err, code)
	}
	if code != "" {
		what = string(code)
	}
	p.met[what]++
}

// compare has every client read.
func (p *play) compare() {
	for client := range p.clients {
		got, err := p.service.Read(p.as(client), definition.Question{Place: p.place})
		p.Must(err)
		want, made := fold(p.chain(client, -1))
		if len(made) == 0 || !p.writes[client] && !p.reads[client] {
			if got != nil {
				p.t.Errorf("client %d reads %s, the model nothing", client, got.Content)
			}
			continue
		}
		if got == nil {
			p.t.Errorf("client %d reads nothing, the model %v", client, want)
			continue
		}
		var read doc
		if err := json.Unmarshal([]byte(got.Content), &read); err != nil || !maps.Equal(read, want) {
			p.t.Errorf("client %d reads %s, the model %v", client, got.Content, want)
		}
		list, _, err := got.Conflicts(p.as(client))
		p.Must(err)
		said, expected := map[conflict]int{}, map[conflict]int{}
		for _, c := range list {
			said[conflict{c.Pointer, string(c.Source)}]++
		}
		for _, c := range p.conflicts(client) {
			expected[c]++
		}
		p.met["conflicts"] += len(expected)
		if !maps.Equal(said, expected) {
			p.t.Errorf("client %d is told of the conflicts %v, by the model of %v", client, said, expected)
		}
	}
}

// gapless asks that numbers of versions have no gaps, and that there are as many as the model has.
func (p *play) gapless() {
	for client, id := range p.clients {
		var n, last int
		_, err := p.DB.First(p.System(), []any{&n, &last}, "SELECT COUNT(*), COALESCE(MAX(number), 0) FROM definition_versions WHERE client_id = ? AND application_id = ? AND kind = ? AND name = ?",
			id, p.place.Application, p.place.Kind, p.place.Name)
		p.Must(err)
		if n != last || n != len(p.past[client]) {
			p.t.Errorf("client %d has %d versions, the last is number %d, and the model has %d", client, n, last, len(p.past[client]))
		}
	}
}
