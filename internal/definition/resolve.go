package definition

import (
	"context"
	"strings"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/layers"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Question asks for a definition as it is in force for a client.
type Question struct {
	Place

	Client      oid.Client // the caller's client when empty
	IfNoneMatch string     // the etag of an earlier answer
}

// Reading is a definition as it is in force for a client.
type Reading struct {
	Place // where it was found: in the application asked for, or in one that it depends on

	Code      string // of that application
	Etag      string
	Content   string // JSON; empty where Unchanged
	Unchanged bool
	Public    bool
	Final     bool

	service *Service
	stack   *Stack
	made    *resolved
	bare    bool // the reader has no access to the application: he sees what there is, not of what it is made
}

// Read gives a definition as it is in force for a client in the caller's scope, looked for in the application and then in
// those that it depends on (domain 9.7). nil where there is none; where the client has no access to the application today,
// or is not in scope; and for a session for another application.
func (s *Service) Read(ctx context.Context, q Question) (*Reading, error) {
	a := actor.From(ctx)
	if a == nil {
		return nil, store.ErrNoActor
	}
	if q.Client == "" {
		q.Client = a.Client
	}
	if q.Client == "" || !named(q.Name) || !s.rules.OpensDefinitions(a.Application, q.Application) {
		return nil, nil
	}
	st, err := s.read(ctx, byID(q.Application), q.Place, q.Client, "")
	if err != nil || !st.open() {
		return nil, err
	}
	return s.found(ctx, st, q, "")
}

// Through asks for a definition through a URL that leads to an application and a client. A caller whose client may read the
// application gets it as it is for that client, with the layer of the URL's client right above the owner's; everybody else
// as it is for the URL's client, if it is public.
func (s *Service) Through(ctx context.Context, q Question) (*Reading, error) {
	a := actor.From(ctx)
	if a == nil {
		return nil, store.ErrNoActor
	}
	if !named(q.Name) {
		return nil, nil
	}
	url := q.Client
	if a.SignedIn() && s.rules.OpensDefinitions(a.Application, q.Application) {
		q.Client = a.Client
		st, err := s.read(ctx, byID(q.Application), q.Place, q.Client, url)
		if err != nil {
			return nil, err
		}
		if st.open() {
			return s.found(ctx, st, q, url)
		}
	}
	q.Client = url
	ctx = actor.System(ctx, "a URL of an application is there for everybody: of its definitions those marked public")
	st, err := s.read(ctx, byID(q.Application), q.Place, q.Client, "")
	if err != nil || !st.open() {
		return nil, err
	}
	r, err := s.found(ctx, st, q, "")
	if r == nil || err != nil || !s.rules.ShowsDefinition(r.Public) {
		return nil, err
	}
	r.bare = true
	return r, nil
}

// longestName is as long as a name may be, in bytes: no definition has a longer one.
const longestName = 128

func named(name string) bool { return len(name) <= longestName }

// open tells whether the client may read the application today.
func (s *Stack) open() bool {
	return s != nil && s.Access != "" && s.Status == enum.ApplicationActive
}

// found resolves a stack; where nothing of it is in force, the application's dependencies are asked.
func (s *Service) found(ctx context.Context, st *Stack, q Question, url oid.Client) (*Reading, error) {
	made := s.resolve(st)
	if made == nil {
		var err error
		if st, err = s.below(ctx, q.Place, q.Client, url); st == nil || err != nil {
			return nil, err
		}
		if made = s.resolve(st); made == nil {
			return nil, nil
		}
	}
	return s.reading(st, made, q.IfNoneMatch), nil
}

// reading is what a stack makes, for an answer.
func (s *Service) reading(st *Stack, made *resolved, ifNoneMatch string) *Reading {
	r := &Reading{
		Place: st.Place, Code: st.Code, Public: made.public, Final: made.final, Content: made.content,
		Etag: s.etag(st.Place, st.Client, made.inForce), service: s, stack: st, made: made,
	}
	if ifNoneMatch == r.Etag {
		r.Unchanged, r.Content = true, ""
	}
	return r
}

// resolved is what the layers of a chain make together: it follows from their versions alone.
type resolved struct {
	content       string
	inForce       []oid.DefinitionVersion // lowest first
	states        []enum.LayerState       // of each layer of the chain
	public, final bool
}

// resolve folds a stack, unless that was done before; nil where nothing is in force.
func (s *Service) resolve(st *Stack) *resolved {
	chain := st.Chain()
	ids := make([]string, len(chain))
	for i, l := range chain {
		ids[i] = l.Version
	}
	key := strings.Join(ids, " ")
	if made, ok := s.resolved.GetIfPresent(key); ok {
		return made
	}
	folded, ok := layers.Fold(chain)
	if !ok {
		return nil
	}
	made := settle(st, chain, folded)
	s.resolved.Set(key, made)
	return made
}

// settle keeps of a fold what answers need.
func settle(st *Stack, chain []layers.Layer, folded layers.Resolved) *resolved {
	lowest := lowestSeen(folded.InForce)
	states := make(map[string]enum.LayerState, len(chain))
	made := &resolved{
		content: folded.Content.String(),
		public:  st.Of(folded.InForce[lowest].Client).Public,
		final:   folded.InForce[len(folded.InForce)-1].Final,
	}
	for i, l := range folded.InForce {
		made.inForce = append(made.inForce, oid.DefinitionVersion(l.Version))
		states[l.Version] = enum.LayerInForce
		if i < lowest {
			states[l.Version] = enum.LayerReplaced
		}
	}
	for _, l := range folded.Asleep {
		states[l.Layer.Version] = asleep[l.Reason]
	}
	for _, l := range chain {
		made.states = append(made.states, states[l.Version])
	}
	return made
}

// asleep are the words of the API.
var asleep = map[layers.Reason]enum.LayerState{
	layers.NothingBelow: enum.LayerNothingBelow,
	layers.BelowFinal:   enum.LayerBelowFinal,
	layers.Broken:       enum.LayerBroken,
}

// lowestSeen is the index of the highest whole object in force: of what is below it nothing is seen.
func lowestSeen(inForce []layers.Layer) int {
	for i := len(inForce) - 1; i > 0; i-- {
		if inForce[i].Whole {
			return i
		}
	}
	return 0
}

// LayerSeen is a layer of a reading.
type LayerSeen struct {
	*Stored

	State enum.LayerState
}

// Layers are those a reading was made of, lowest first, and those of the same clients that do not count today. ok is false
// for a reader without access to the application.
func (r *Reading) Layers() (list []LayerSeen, ok bool) {
	if r.bare {
		return nil, false
	}
	list = make([]LayerSeen, 0, len(r.stack.Layers))
	states := r.made.states
	for _, l := range r.stack.Layers {
		state := enum.LayerNoAccess
		if l.Writes {
			state, states = states[0], states[1:]
		}
		list = append(list, LayerSeen{l, state})
	}
	return list, true
}

// Provenance is the layer that supplied what is at a place, nil where nothing is there (domain 9.7).
func (r *Reading) Provenance(pointer string) *LayerSeen {
	list, ok := r.Layers()
	if _, valid := delta.Split(pointer); !ok || !valid {
		return nil
	}
	folded, _ := layers.Fold(r.stack.Chain())
	from, ok := folded.Provenance(pointer)
	if !ok {
		return nil
	}
	for _, l := range list {
		if l.ID == oid.DefinitionVersion(from.Version) {
			return &l
		}
	}
	return nil
}
