package authority_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// A tree is a random platform in plain lists: what the database would hold. Everything refers to everything else by its
// place in its list; the client at 0 is SYSTEM.
type (
	tree struct {
		clients     []treeClient
		apps        []int // their owners
		permissions []treePermission
		roles       []treeRole
		packages    [][]int // their roles
		gifts       []treeGift
		grants      []treeGrant
		members     []treeMember
	}
	treeClient struct {
		manager, depth int // SYSTEM's manager is -1
		suspended      bool
	}
	treePermission struct{ app int } // -1: built in
	treeRole       struct {
		owner, app        int // app: -1 for none
		permissions, subs []int
	}
	treeGift  struct{ pack, to, giver int }
	treeGrant struct {
		app, client int
		level       enum.AccessLevel
		expired     bool
	}
	treeMember struct {
		client, home int
		roles        []int
		suspended    bool // the user
		session      int  // the application of his session, -1 for none
	}
)

// Bounds of the random worlds (issue 4).
const (
	mostClients = 200
	deepest     = 12
)

// builtIns is how many permissions are of no application; the first of them stands for Permission_CREATE.
const (
	builtIns          = 6
	createsPermission = 0
)

// now is when the worlds are looked at.
var now = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// grow makes a world of so many clients.
func grow(r *rand.Rand, size int) *tree {
	w := &tree{clients: []treeClient{{manager: -1}}}
	for len(w.clients) < size {
		manager := r.IntN(len(w.clients))
		if r.IntN(2) == 0 { // half of them below the newest: deep as well as broad
			manager = len(w.clients) - 1
		}
		if w.clients[manager].depth < deepest {
			w.clients = append(w.clients, treeClient{manager: manager, depth: w.clients[manager].depth + 1, suspended: r.IntN(15) == 0})
		}
	}
	for range 1 + size/8 {
		w.apps = append(w.apps, r.IntN(size))
	}
	for range builtIns {
		w.permissions = append(w.permissions, treePermission{app: -1})
	}
	for range len(w.apps) * 2 {
		w.permissions = append(w.permissions, treePermission{app: r.IntN(len(w.apps))})
	}
	for range 4 + size/3 {
		w.addRole(r, w.client(r))
	}
	for range 3 + size/6 {
		w.packages = append(w.packages, some3(r, len(w.roles)))
	}
	for range size * 2 {
		w.addGift(r, w.client(r))
	}
	for range size {
		w.addGrant(r, w.client(r))
	}
	for range size + 3 {
		w.addMember(r, w.client(r))
	}
	return w
}

// client picks one: SYSTEM more often than any other.
func (w *tree) client(r *rand.Rand) int {
	if r.IntN(12) == 0 {
		return 0
	}
	return r.IntN(len(w.clients))
}

// some3 picks up to three places in a list, each once.
func some3(r *rand.Rand, n int) []int {
	var out []int
	for range r.IntN(4) {
		if i := r.IntN(n); !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	return out
}

// addRole makes a role that includes older ones only: so there is no circle.
func (w *tree) addRole(r *rand.Rand, owner int) {
	role := treeRole{owner: owner, app: r.IntN(len(w.apps)+2) - 2, permissions: some3(r, len(w.permissions))}
	role.app = max(role.app, -1)
	if len(w.roles) > 0 && r.IntN(2) == 0 {
		role.subs = some3(r, len(w.roles))
	}
	w.roles = append(w.roles, role)
}

// addGift gives a package, by SYSTEM, by somebody above as a rule, or by anybody: clients move, and circles come about.
func (w *tree) addGift(r *rand.Rand, to int) {
	g := treeGift{pack: r.IntN(len(w.packages)), to: to}
	switch r.IntN(5) {
	case 0, 1:
	case 2, 3:
		for g.giver = to; g.giver > 0 && r.IntN(3) > 0; g.giver = w.clients[g.giver].manager {
		}
	default:
		g.giver = r.IntN(len(w.clients))
	}
	if !slices.ContainsFunc(w.gifts, func(o treeGift) bool { return o.pack == g.pack && o.to == g.to }) {
		w.gifts = append(w.gifts, g)
	}
}

func (w *tree) addGrant(r *rand.Rand, to int) {
	g := treeGrant{app: r.IntN(len(w.apps)), client: to, expired: r.IntN(4) == 0,
		level: []enum.AccessLevel{enum.LevelRead, enum.LevelWrite, enum.LevelBarred}[r.IntN(3)]}
	if !slices.ContainsFunc(w.grants, func(o treeGrant) bool { return o.app == g.app && o.client == g.client }) {
		w.grants = append(w.grants, g)
	}
}

func (w *tree) addMember(r *rand.Rand, client int) {
	home := client
	if r.IntN(5) == 0 {
		home = w.client(r)
	}
	w.members = append(w.members, treeMember{client: client, home: home, roles: some3(r, len(w.roles)), suspended: r.IntN(10) == 0, session: max(-1, r.IntN(len(w.apps)*2)-len(w.apps))})
}

// Ids of what stands at a place in its list.
func clientID(i int) oid.Client {
	if i == 0 {
		return oid.SystemClient
	}
	return placed[oid.Client](i)
}

func placed[T oid.ID](i int) T {
	var kind T
	return T(fmt.Sprintf("%s_%026d", kind.Kind(), i+1))
}

func placedAll[T oid.ID](places []int) []T {
	out := make([]T, len(places))
	for i, p := range places {
		out[i] = placed[T](p)
	}
	return out
}

// facts is the world as the kernel takes it.
func (w *tree) facts() authority.Facts {
	f := authority.Facts{Roles: map[oid.Role]authority.RoleFacts{}, Packages: map[oid.Package][]oid.Role{},
		Gifts: map[oid.Client][]authority.Gift{}, Owned: map[oid.Client][]oid.Permission{}}
	subs := map[oid.Role][]oid.Role{}
	for i, role := range w.roles {
		subs[placed[oid.Role](i)] = placedAll[oid.Role](role.subs)
	}
	for i, role := range w.roles {
		id := placed[oid.Role](i)
		rf := authority.RoleFacts{Owner: clientID(role.owner), SubRoles: subs[id], Permissions: placedAll[oid.Permission](role.permissions)}
		if role.app >= 0 {
			rf.Application = placed[oid.Application](role.app)
		}
		for r := range authority.ReachedFrom(subs, id) {
			rf.Reached = append(rf.Reached, r)
		}
		f.Roles[id] = rf
	}
	for i, roles := range w.packages {
		f.Packages[placed[oid.Package](i)] = placedAll[oid.Role](roles)
	}
	for _, g := range w.gifts {
		to := clientID(g.to)
		f.Gifts[to] = append(f.Gifts[to], authority.Gift{Package: placed[oid.Package](g.pack), Giver: clientID(g.giver)})
	}
	for i, p := range w.permissions {
		if p.app >= 0 {
			owner := clientID(w.apps[p.app])
			f.Owned[owner] = append(f.Owned[owner], placed[oid.Permission](i))
		}
	}
	return f
}

// of is what concerns one membership, in its session.
func (w *tree) of(f authority.Facts, m treeMember) authority.Facts {
	f.Client, f.Assigned = clientID(m.client), placedAll[oid.Role](m.roles)
	if m.session >= 0 {
		f.Application = placed[oid.Application](m.session)
	}
	return f
}
