package access_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/internal/access"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/tenancy"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// fact is what a client was given, as people would tell it: nothing here is derived.
type fact struct {
	id    oid.AccessGrant
	level enum.AccessLevel
	until time.Time // zero for never
	giver oid.Client
	lent  bool
}

// model is domain 5.3 in loops over facts: who has what, on one application of OWNER.
type model struct {
	owner oid.Client
	above map[oid.Client][]oid.Client // the clients above each
	facts map[oid.Client]fact
}

// level is what a client has at an instant; asleep, that it would, did its giver not lack write access, or manage it.
func (m *model) level(client oid.Client, now time.Time) (level enum.AccessLevel, asleep bool) {
	if client == m.owner {
		return enum.LevelWrite, false
	}
	f, given := m.facts[client]
	if !given || f.level == enum.LevelBarred || !f.until.IsZero() && !f.until.After(now) {
		return "", false
	}
	if f.lent {
		if of, _ := m.level(f.giver, now); of != enum.LevelWrite || !slices.Contains(m.above[client], f.giver) {
			return "", true
		}
	}
	return f.level, false
}

// play is a model beside the database it tells of.
type play struct {
	*model
	*hubtest.Hub
	t       *testing.T
	random  *rand.Rand
	app     oid.Application
	clients []oid.Client
	now     time.Time
}

// as is a user of a client, who holds all it takes.
func (p *play) as(client oid.Client) context.Context {
	scope := actor.Scope{Root: client, Above: p.above[client]}
	for _, c := range p.clients {
		if c == client || slices.Contains(p.above[c], client) {
			scope.Clients = append(scope.Clients, c)
		}
	}
	return actor.With(p.t.Context(), actor.New(actor.Actor{Client: client, Session: oid.New[oid.Session](), Scope: scope}, []string{"Application_UPDATE"}, p.now))
}

// end is an end that is never, or soon enough to pass.
func (p *play) end() time.Time {
	if p.random.IntN(2) == 0 {
		return time.Time{}
	}
	return p.now.Add(time.Duration(1+p.random.IntN(20)) * time.Minute)
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// moves hangs a client, with all below it, under another one; it gives what it did.
func (p *play) moves(id, to oid.Client) string {
	if id == to || id == p.owner || id == p.clients[0] || slices.Contains(p.above[to], id) {
		return "no move"
	}
	if err := p.Tenancy.Move(p.as(p.clients[0]), tenancy.Move{ID: id, Manager: to}); err != nil {
		p.t.Fatalf("%s moves under %s: %v", id, to, err)
	}
	for client, above := range p.above {
		if at := slices.Index(above, id); at >= 0 {
			p.above[client] = slices.Concat(p.above[to], []oid.Client{to}, above[at:])
		}
	}
	p.above[id] = append(slices.Clone(p.above[to]), to)
	return fmt.Sprint(id, " moves under ", to)
}

// step does one thing at random, and tells the model.
func (p *play) step() string {
	by, to := p.clients[p.random.IntN(len(p.clients))], p.clients[p.random.IntN(len(p.clients))]
	rules := by == p.owner || slices.Contains(p.above[p.owner], by)
	p.now = p.now.Add(time.Duration(p.random.IntN(5)) * time.Minute)
	level := enum.AccessLevel(enum.AccessLevel("").Values()[p.random.IntN(3)])
	if p.random.IntN(4) > 0 { // what is of interest: WRITE for one below the owner, and READ from it to one below
		by, to, level = p.owner, p.clients[2], enum.LevelWrite
		if p.random.IntN(3) > 0 {
			by, to, level = to, p.clients[3+p.random.IntN(2)], enum.LevelRead
		}
		rules = by == p.owner
	}
	had, has := p.facts[to]
	switch p.random.IntN(16) {
	case 12, 13, 14, 15:
		away, back := p.clients[3+p.random.IntN(2)], p.clients[2]
		if p.random.IntN(3) == 0 {
			return p.moves(away, p.clients[p.random.IntN(len(p.clients))])
		}
		return p.moves(away, back)
	case 0, 1, 2, 3, 4, 5:
		f := fact{level: level, giver: by, until: p.end()}
		if f.level == enum.LevelBarred {
			f.until = time.Time{}
		}
		writes, _ := p.level(by, p.now)
		f.lent = !rules
		known := to == by || slices.Contains(p.above[to], by) || slices.Contains(p.above[by], to)
		may := to != p.owner && known && (rules || writes == enum.LevelWrite && f.level == enum.LevelRead && slices.Contains(p.above[to], by) && (!has || had.lent && had.giver == by))
		id, err := p.Access.Set(p.as(by), access.Set{Application: p.app, Client: to, Level: f.level, SetExpiry: true, ExpiresAt: optional(f.until)})
		if (err == nil) != may {
			p.t.Fatalf("%s sets %s for %s until %v: %v, may %t", by, f.level, to, f.until, err, may)
		}
		if may {
			if f.id = id; has && had.level == f.level && had.until.Equal(f.until) && had.lent == f.lent {
				f.giver = had.giver // nothing changed
			}
			p.facts[to] = f
		}
		return fmt.Sprint(by, " sets ", f.level, " of ", to, " until ", f.until, ": ", err)
	case 6, 7:
		level = []enum.AccessLevel{enum.LevelRead, enum.LevelWrite}[p.random.IntN(2)]
		may := slices.Contains(p.above[to], p.owner) && had.level != enum.LevelBarred
		id, err := p.Access.Take(p.as(to), access.Take{Application: p.app, Level: level})
		if (err == nil) != may {
			p.t.Fatalf("%s takes %s: %v, may %t", to, level, err, may)
		}
		has, _ := p.level(to, p.now)
		stays := had.giver != to && !had.lent && (has == level || has == enum.LevelWrite)
		if may && !stays {
			p.facts[to] = fact{id: id, level: level, giver: to}
		}
		return fmt.Sprint(to, " takes ", level, ": ", err)
	}
	if !has {
		return "nothing"
	}
	may := rules || had.level != enum.LevelBarred && (to == by || had.giver == by || slices.Contains(p.above[had.giver], by))
	err := p.Access.Revoke(p.as(by), access.Revoke{ID: had.id})
	if (err == nil) != may || err != nil && apperr.CodeOf(err) != apperr.NotAllowed && apperr.CodeOf(err) != apperr.NotFound {
		p.t.Fatalf("%s revokes what %s has, %+v: %v, may %t", by, to, had, err, may)
	}
	if may {
		delete(p.facts, to)
	}
	return fmt.Sprint(by, " revokes what ", to, " had: ", err)
}

// check holds what is stored against the facts, today and at instants to come: what has no row has no access, and the
// expiry in effect alone tells who has.
func (p *play) check() error {
	rows, err := p.Ent().AccessGrant.Query().Where(accessgrant.ApplicationID(p.app)).All(p.System())
	if err != nil {
		return err
	}
	stored := map[oid.Client]*ent.AccessGrant{}
	for _, row := range rows {
		stored[row.ClientID] = row
	}
	if len(stored) != len(p.facts) {
		return fmt.Errorf("%d grants are stored, %d were given", len(stored), len(p.facts))
	}
	for client, f := range p.facts {
		row := stored[client]
		if row == nil || row.ID != f.id || row.Level != f.level || row.Lent != f.lent || row.GiverID != f.giver {
			return fmt.Errorf("%s has %+v stored, given %+v", client, row, f)
		}
		for _, at := range []time.Time{p.now, p.now.Add(3 * time.Minute), p.now.Add(10 * time.Minute), p.now.Add(time.Hour)} {
			level, asleep := p.level(client, at)
			if got := access.Grant(row); got.InForce(at) != level || got.Sleeps(at) != asleep {
				return fmt.Errorf("%s at %s: %q, sleeping %t; the facts say %q, %t: %+v of %+v", client, at, got.InForce(at), got.Sleeps(at), level, asleep, row, f)
			}
		}
	}
	return nil
}

// domain 5.3, 5.5: grants, loans, bars, revocations, ends and moves at random. What is stored of a lent grant is always what
// follows from what was given; so whoever reads an expiry needs to know nothing of lending.
func TestLentAccessFollowsItsGiver(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		seed := uint64(time.Now().UnixNano())
		p := &play{model: &model{above: map[oid.Client][]oid.Client{}, facts: map[oid.Client]fact{}}, Hub: h, t: t, random: rand.New(rand.NewPCG(seed, 5)), now: clock.Now()}
		add := func(code string, below oid.Client) oid.Client {
			id := h.Client(below, code, len(p.clients) == 0)
			p.clients = append(p.clients, id)
			if below != oid.SystemClient {
				p.above[id] = append(slices.Clone(p.above[below]), below)
			}
			return id
		}
		top := add("TOP", oid.SystemClient)
		p.owner = add("OWNER", top)
		a := add("AX", p.owner)
		add("AY", a)
		add("AZ", p.clients[len(p.clients)-1])
		b := add("BX", p.owner)
		add("BY", b)
		p.app = h.Application(p.owner, "played", "Played")
		h.Must(h.Ent().Application.UpdateOneID(p.app).SetAccessType(enum.AccessAny).Exec(h.System()))
		var did []string
		steps, asleep := 600, 0
		if testing.Short() {
			steps = 50
		}
		for range steps {
			did = append(did, p.step())
			if err := p.check(); err != nil {
				t.Fatalf("seed %d: %v\nafter %v", seed, err, did[max(0, len(did)-8):])
			}
			for client := range p.facts {
				if _, sleeps := p.level(client, p.now); sleeps {
					asleep++
				}
			}
		}
		if asleep == 0 {
			t.Errorf("seed %d: nothing ever slept", seed)
		}
	})
}
