package layers_test

import (
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/delta/deltatest"
	"github.com/appanage/appanage/internal/layers"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/soak"
)

func cases() uint64 { return uint64(soak.Count(1_000, 100_000)) }

// stored is a client's layer as storage keeps it, with what was below it when its author made it.
type stored struct {
	layer layers.Layer
	seen  delta.Value
}

// sight is what an author has on his screen.
type sight struct {
	base delta.Value
	own  layers.Layer
}

// world is one definition, of one owner, on a path of up to twelve clients.
type world struct {
	g       *deltatest.Generator
	tally   *tally
	owner   oid.Client
	path    []oid.Client
	write   map[oid.Client]bool
	now     map[oid.Client]stored
	history map[oid.Client][]stored
	sights  map[oid.Client][]sight
}

// tally counts what happened, so that the test knows that it saw it.
type tally struct {
	saves, editors, below, rebased, wholes, revoked, restored, asleep, long atomic.Uint64
}

const stranger = oid.Client("stranger")

func newWorld(seed uint64, counts *tally) *world {
	w := &world{
		g: deltatest.New(seed), tally: counts, write: map[oid.Client]bool{}, now: map[oid.Client]stored{},
		history: map[oid.Client][]stored{}, sights: map[oid.Client][]sight{},
	}
	w.g.Small = true
	for i := range 1 + w.g.IntN(12) {
		c := oid.Client(fmt.Sprintf("client %02d", i))
		w.path = append(w.path, c)
		w.write[c] = w.g.IntN(5) > 0
	}
	w.owner = w.path[0]
	if w.g.IntN(4) == 0 {
		w.owner = w.path[w.g.IntN(len(w.path))]
	}
	w.write[stranger] = w.g.IntN(2) == 0
	return w
}

// live lets most of the clients make a layer, and then all sorts of things happen.
func (w *world) live() error {
	places := []int{slices.Index(w.path, w.owner)}
	for place := range w.path {
		places = append(places, place)
	}
	for _, place := range places {
		if w.g.IntN(4) > 0 {
			w.look(place)
			if err := w.edit(place, w.g.EditObject); err != nil {
				return fmt.Errorf("first edit of %s: %w", w.path[place], err)
			}
		}
	}
	for i := range 5 + w.g.IntN(15) {
		if err := w.step(); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}

func (w *world) mayWrite(c oid.Client) bool { return c == w.owner || w.write[c] }

// chain gives the layers that count for the client at a place of the path, whoever's URL it came by.
func (w *world) chain(place int, url oid.Client) (list []layers.Layer) {
	for _, c := range layers.Chain(w.owner, w.path[:place+1], w.mayWrite, url) {
		if s := w.now[c]; s.layer.Content.Present() {
			list = append(list, s.layer)
		}
	}
	return list
}

// below gives what is below a client's own layer, and whether a final layer is there.
func (w *world) below(place int) (base delta.Value, final bool) {
	chain := w.chain(place, "")
	if i := slices.IndexFunc(chain, func(l layers.Layer) bool { return l.Client == w.path[place] }); i >= 0 {
		chain = chain[:i]
	}
	if w.path[place] == w.owner {
		chain = nil
	}
	resolved, _ := layers.Fold(chain)
	final = slices.ContainsFunc(resolved.InForce, func(l layers.Layer) bool { return l.Final })
	return resolved.Content, final
}

// step lets one client do something, and checks that nothing else changed.
func (w *world) step() error {
	before := maps.Clone(w.now)
	place := w.g.IntN(len(w.path))
	if w.g.IntN(2) == 0 {
		place = len(w.path) - 1 // one of them is busier, with several editors at once
	}
	c := w.path[place]
	var err error
	switch choice := w.g.IntN(12); {
	case choice < 5:
		err = w.edit(place, w.g.EditObject)
	case choice < 6: // the owner publishes a new version of all
		place = slices.Index(w.path, w.owner)
		c = w.owner
		w.look(place)
		err = w.edit(place, func(*deltatest.Node) *deltatest.Node { return w.g.Object() })
	case choice < 9:
		w.look(place)
	case choice < 10:
		w.write[c] = !w.write[c]
		w.tally.revoked.Add(1)
	case choice < 11:
		if old := w.history[c]; len(old) > 0 && w.mayWrite(c) {
			w.now[c] = old[w.g.IntN(len(old))]
			w.tally.restored.Add(1)
		}
	case w.g.IntN(3) == 0:
		s := w.now[c]
		s.layer.Final = !s.layer.Final && s.layer.Content.Present()
		w.now[c] = s
	case w.g.IntN(3) == 0:
		delete(w.now, c)
	}
	if err != nil {
		return err
	}
	for other, s := range before {
		if now := w.now[other]; other != c && (!sameLayer(now.layer, s.layer) || !now.seen.Equal(s.seen)) {
			return fmt.Errorf("the layer of %s changed by what %s did", other, c)
		}
	}
	return w.checkPlace(place)
}

func sameLayer(a, b layers.Layer) bool {
	return a.Client == b.Client && a.Whole == b.Whole && a.Final == b.Final && a.Content.Equal(b.Content)
}

func (w *world) look(place int) {
	c := w.path[place]
	base, _ := w.below(place)
	w.sights[c] = append(w.sights[c], sight{base, w.now[c].layer})
}

// edit saves what a client makes of something it has seen, perhaps long ago.
func (w *world) edit(place int, change func(*deltatest.Node) *deltatest.Node) error {
	c := w.path[place]
	nowBase, final := w.below(place)
	if !w.mayWrite(c) || final || len(w.sights[c]) == 0 {
		return nil
	}
	sights := w.sights[c]
	saw := sights[max(0, len(sights)-1-w.g.IntN(3))]
	seen, _ := saw.own.Over(saw.base)
	n := w.g.Object()
	if seen.Present() {
		n = change(deltatest.Of(seen))
	}
	e := layers.Edit{
		SeenBase: saw.base, SeenOwn: saw.own, NowOwn: w.now[c].layer, OwnBase: w.now[c].seen, NowBase: nowBase, Want: parse(w.g.Text(n)),
	}
	s := layers.Save(e)
	s.Layer.Client = c
	w.now[c] = stored{s.Layer, e.SeenBase}
	switch {
	case s.Layer.Whole:
		w.now[c] = stored{layer: s.Layer}
	case s.Rebased:
		w.now[c] = stored{s.Layer, e.NowBase}
	}
	w.history[c] = append(w.history[c], w.now[c])
	w.count(e, s)
	return w.checkSave(e, s, seen)
}

func (w *world) count(e layers.Edit, s layers.Saved) {
	w.tally.saves.Add(1)
	for _, of := range []struct {
		counter *atomic.Uint64
		happens bool
	}{{&w.tally.editors, len(s.Editors) > 0}, {&w.tally.below, len(s.Below) > 0}, {&w.tally.rebased, s.Rebased}, {&w.tally.wholes, s.Layer.Whole && s.Layer.Client != w.owner}} {
		if of.happens {
			of.counter.Add(1)
		}
	}
}

// checkSave: neither what the author changed, nor what changed below, nor what another editor of his layer did, is lost
// but where a conflict speaks of it (domain 9.5).
func (w *world) checkSave(e layers.Edit, s layers.Saved, seen delta.Value) error {
	if lost := deltatest.Lost(seen, e.Want, s.Result, s.Conflicts()); len(lost) > 0 {
		return fmt.Errorf("the author's changes are lost at %q\n%s", lost, shown(e, s))
	}
	below := deltatest.Lost(e.SeenBase, e.NowBase, s.Result, s.Conflicts())
	if s.Rebased {
		below = slices.DeleteFunc(deltatest.Lost(e.OwnBase, e.NowBase, s.Result, s.Conflicts()), seenAndChanged(e, seen, e.NowBase))
	}
	if len(below) > 0 {
		return fmt.Errorf("changes below are lost at %q\n%s", below, shown(e, s))
	}
	if lost := lostOfOther(e, s, seen); len(lost) > 0 {
		return fmt.Errorf("another editor's changes are lost at %q\n%s", lost, shown(e, s))
	}
	alone := e.SeenBase.Equal(e.NowBase) && sameLayer(e.SeenOwn, e.NowOwn)
	if alone && (!s.Result.Equal(e.Want) || len(s.Editors) > 0) {
		return fmt.Errorf("nobody else did anything, and %s was saved as %s", e.Want, s.Result)
	}
	return nil
}

// lostOfOther names the places that another editor, who saved since the author looked, has in the layer, and that are not
// so in the result: but for those that the author saw, and changed.
func lostOfOther(e layers.Edit, s layers.Saved, seen delta.Value) []string {
	if !otherSaved(e) {
		return nil
	}
	made, _ := e.NowOwn.Over(e.OwnBase)
	return slices.DeleteFunc(deltatest.Lost(e.OwnBase, made, s.Result, s.Conflicts()), seenAndChanged(e, seen, made))
}

// seenAndChanged tells of a place that the author saw as it is in a document, and changed.
func seenAndChanged(e layers.Edit, seen, document delta.Value) func(place string) bool {
	saw, wants, has := deltatest.Places(seen), deltatest.Places(e.Want), deltatest.Places(document)
	return func(p string) bool { return saw[p] == has[p] && wants[p] != saw[p] }
}

// otherSaved tells whether another editor has saved something since the author looked.
func otherSaved(e layers.Edit) bool {
	same := e.NowOwn.Whole == e.SeenOwn.Whole && e.NowOwn.Content.Equal(e.SeenOwn.Content)
	return e.NowOwn.Content.Present() && !same
}

func shown(e layers.Edit, s layers.Saved) string {
	return fmt.Sprintf("seen base %s\nand own %s\nown now %s\nmade on %s\nbase now %s\nwant %s\nlayer %s\nresult %s\nconflicts %v",
		e.SeenBase, e.SeenOwn.Content, e.NowOwn.Content, e.OwnBase, e.NowBase, e.Want, s.Layer.Content, s.Result, s.Conflicts())
}

// checkPlace holds what a client sees against the model, and every layer's edits against what is left of them.
func (w *world) checkPlace(place int) error {
	url := []oid.Client{"", stranger, w.path[w.g.IntN(len(w.path))], w.owner}[w.g.IntN(4)]
	clients := layers.Chain(w.owner, w.path[:place+1], w.mayWrite, url)
	if naive := naiveChain(w.owner, w.path[:place+1], w.write, url); !slices.Equal(clients, naive) {
		return fmt.Errorf("the chain is %v, the model's %v", clients, naive)
	}
	chain := w.chain(place, url)
	resolved, ok := layers.Fold(chain)
	content, inForce, asleep := naiveFold(chain)
	if _, empty := content.(nothing); empty == ok {
		return fmt.Errorf("resolved: %v, the model: %v", ok, !empty)
	}
	if ok && !reflect.DeepEqual(decoded(resolved.Content.Append(nil)), content) {
		return fmt.Errorf("%s\nthe model has %v", resolved.Content, content)
	}
	if len(resolved.InForce) != len(inForce) || len(resolved.Asleep) != len(asleep) || len(resolved.States) != len(inForce) {
		return fmt.Errorf("in force are %v, asleep %v; the model: %v, %v", resolved.InForce, resolved.Asleep, inForce, asleep)
	}
	for i, l := range resolved.InForce {
		if l.Client != inForce[i] {
			return fmt.Errorf("in force is %s, the model says %s", l.Client, inForce[i])
		}
	}
	for _, s := range resolved.Asleep {
		w.tally.asleep.Add(1)
		if asleep[s.Layer.Client] != s.Reason {
			return fmt.Errorf("%s sleeps for %s, the model says %s", s.Layer.Client, s.Reason, asleep[s.Layer.Client])
		}
	}
	if len(inForce) > 5 {
		w.tally.long.Add(1)
	}
	return w.checkEdits(resolved)
}

// checkEdits: of every layer in force, what it once changed is so in the object after it, or a conflict speaks of it.
func (w *world) checkEdits(resolved layers.Resolved) error {
	var base delta.Value
	for i, l := range resolved.InForce {
		seen := w.now[l.Client].seen
		if made, reason := l.Over(seen); reason == "" {
			conflicts := l.Conflicts(seen, base)
			if lost := deltatest.Lost(seen, made, resolved.States[i], conflicts); len(lost) > 0 {
				return fmt.Errorf("of %s is lost %q\nseen %s\nmade %s\nbase %s\nresult %s\nconflicts %v", l.Client, lost, seen, made, base, resolved.States[i], conflicts)
			}
		}
		base = resolved.States[i]
	}
	return nil
}

func parse(text []byte) delta.Value {
	v, err := delta.Parse(text, delta.Limits{})
	if err != nil {
		panic(fmt.Sprintf("%s: %v", text, err))
	}
	return v
}

// domain 9.2 to 9.6: chains of one to twelve layers against the naive model, over random edits of owners and overlays,
// restores, revocations and upgrades.
func TestChainsAgainstAModel(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1_000)) // much is made, and little is kept
	var counts tally
	workers, n := uint64(runtime.GOMAXPROCS(0)), cases()
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			for seed := worker; seed < n && !t.Failed(); seed += workers {
				if err := newWorld(seed, &counts).live(); err != nil {
					t.Errorf("seed %d, %v", seed, err)
				}
			}
		})
	}
	all.Wait()
	for name, least := range map[string]struct{ had, least uint64 }{
		"saves": {counts.saves.Load(), n}, "conflicts of editors": {counts.editors.Load(), n / 20}, "conflicts with what is below": {counts.below.Load(), n / 20},
		"saves onto today's base": {counts.rebased.Load(), n / 50}, "whole overlays": {counts.wholes.Load(), n / 20}, "revocations": {counts.revoked.Load(), n / 4}, "restores": {counts.restored.Load(), n / 20},
		"sleeping layers": {counts.asleep.Load(), n / 20}, "long chains": {counts.long.Load(), n / 200},
	} {
		t.Logf("%s: %d", name, least.had)
		if least.had < least.least {
			t.Errorf("%s: only %d", name, least.had)
		}
	}
}
