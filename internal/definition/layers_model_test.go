package definition_test

import (
	"maps"
	"slices"

	"github.com/appanage/appanage/internal/apperr"
)

// The model keeps definitions whose members are numbers, always the same members, as maps; what is there of a client's layer is
// a map from members to what it makes of them. It goes by the text of domain 9, member by member, and knows no deltas.

// doc is an object, or some members of one; nil is none.
type doc map[string]int

// state is one version of a layer of the model.
type state struct {
	client  int
	whole   bool
	final   bool
	removed bool
	says    doc      // all members, or those of a delta
	base    []*state // those below that the author saw, lowest first
}

// over is what a layer makes of what is below it; ok is false where it sleeps.
func (s *state) over(base doc) (doc, bool) {
	switch {
	case s == nil:
		return base, false
	case s.whole:
		return s.says, true
	case base == nil:
		return nil, false
	}
	return base.with(s.says), true
}

// with is an object with some members changed.
func (d doc) with(changes doc) doc {
	out := maps.Clone(d)
	maps.Copy(out, changes)
	return out
}

// to are the changes that lead to another object, from nothing or from one with the same members.
func (d doc) to(want doc) doc {
	changes := doc{}
	for k, v := range want {
		if was, there := d[k]; !there || was != v {
			changes[k] = v
		}
	}
	return changes
}

// fold applies layers in order: what they make together, and which of them count.
func fold(chain []*state) (all doc, inForce []*state) {
	for _, s := range chain {
		if len(inForce) > 0 && inForce[len(inForce)-1].final {
			break
		}
		if made, ok := s.over(all); ok {
			all, inForce = made, append(inForce, s)
		}
	}
	return all, inForce
}

// world is the model of one definition. Clients are numbers; parent gives each the one above, -1 for none.
type world struct {
	parent []int
	owner  int
	writes []bool // write access today; the owner's too
	reads  []bool
	layers map[int]*state // what each has now
	past   map[int][]*state
}

// path leads from the root to a client.
func (w *world) path(client int) (path []int) {
	for ; client >= 0; client = w.parent[client] {
		path = append([]int{client}, path...)
	}
	return path
}

// chain are the layers that count for a client (domain 9.3), but its own are left out where without says so.
func (w *world) chain(client, without int) (chain []*state) {
	clients := append([]int{w.owner}, slices.DeleteFunc(w.path(client), func(c int) bool { return c == w.owner })...)
	for _, c := range clients {
		if s := w.layers[c]; s != nil && w.writes[c] && c != without {
			chain = append(chain, s)
		}
	}
	return chain
}

// below are the layers in the chain of a client that lie below its own.
func (w *world) below(client int) []*state {
	if client == w.owner {
		return nil
	}
	return w.chain(client, client)
}

// sees tells whether a client sees the application at all: it owns it, or one in its scope does, or has access.
func (w *world) sees(client int) bool {
	for c := range w.parent {
		if slices.Contains(w.path(c), client) && (c == w.owner || w.writes[c] || w.reads[c]) {
			return true
		}
	}
	return false
}

// reading is what somebody of a client has read.
type reading struct {
	client int
	all    doc
	made   []*state
}

// conflict is a place where a layer meets what changed below it since its author saw it.
type conflict struct {
	path, source string
}

// conflicts are all of a reading (domain 9.5).
func (w *world) conflicts(client int) (list []conflict) {
	_, inForce := fold(w.chain(client, -1))
	for i, s := range inForce {
		if i == 0 {
			continue
		}
		now, _ := fold(inForce[:i])
		seen, _ := fold(s.base)
		source := "MANAGER"
		if s.client == client {
			source = "OWN"
		}
		if s.whole {
			if !equal(now, seen) && !equal(now, s.says) {
				list = append(list, conflict{"", source})
			}
			continue
		}
		for k, v := range s.says {
			if now[k] != seen[k] && now[k] != v {
				list = append(list, conflict{"/" + k, source})
			}
		}
	}
	return list
}

func equal(a, b doc) bool { return (a == nil) == (b == nil) && maps.Equal(a, b) }

// refusal is the code that answers a client which would change its layer, "" for none.
func (w *world) refusal(client int) apperr.Code {
	switch {
	case w.writes[client]:
		return ""
	case w.sees(client):
		return apperr.NotAllowed
	}
	return apperr.NotFound
}

// save is domain 9.5. from is nil for no reading, and final for as it was.
func (w *world) save(client int, from *reading, want doc, final *bool) apperr.Code {
	if code := w.refusal(client); code != "" {
		return code
	}
	base, below := fold(w.below(client))
	if len(below) > 0 && below[len(below)-1].final {
		return apperr.NotAllowed
	}
	if _, made := fold(w.chain(client, -1)); from == nil && len(made) > 0 {
		return apperr.Conflict
	}
	saw, sawAll := sight{}, doc(nil)
	if from != nil {
		saw, sawAll = w.sight(from), from.all
	}
	own := w.layers[client]
	mine, _ := saw.own.over(saw.base)
	change := mine.to(want)
	if saw.above && mine != nil {
		change = sawAll.to(want)
		want = mine.with(change)
	}
	next := &state{client: client, whole: true, says: want}
	seenBase, seenBelow := w.onto(saw, own, base, below)
	if now, _ := own.over(seenBase); now != nil {
		next.says = now.with(change)
	}
	if seenBase != nil && base != nil {
		next.whole, next.says, next.base = false, seenBase.to(next.says), seenBelow
	}
	if own != nil {
		next.final = own.final
	}
	if final != nil {
		next.final = *final
	}
	w.put(next)
	return ""
}

// sight is what an author saw: his own layer, nil for none, what was below, and whether something was above.
type sight struct {
	own   *state
	below []*state
	base  doc
	above bool
}

func (w *world) sight(r *reading) (s sight) {
	for _, m := range r.made {
		switch {
		case m.client == r.client:
			s.own = m
		case s.own != nil || r.client == w.owner:
			s.above = true
		default:
			s.below = append(s.below, m)
		}
	}
	s.base, _ = fold(s.below)
	return s
}

// onto is what a new delta is the difference to: what the author saw below; where another editor has saved one since, who saw
// something else there, what is there today; and nothing where that one has made a whole object.
func (w *world) onto(saw sight, own *state, base doc, below []*state) (doc, []*state) {
	if own == nil || saw.own != nil && own.whole == saw.own.whole && equal(own.says, saw.own.says) {
		return saw.base, saw.below
	}
	was, _ := fold(own.base)
	switch {
	case own.whole:
		return nil, nil
	case was != nil && !equal(was, saw.base):
		return base, below
	}
	return saw.base, saw.below
}

// put makes a version the current one, unless it says the same as the one before.
func (w *world) put(next *state) {
	own := w.layers[next.client]
	if own == nil && !next.whole && !next.final && len(next.says) == 0 {
		return
	}
	if own != nil && own.whole == next.whole && own.final == next.final && equal(own.says, next.says) && slices.Equal(own.base, next.base) {
		return
	}
	w.layers[next.client] = next
	w.past[next.client] = append(w.past[next.client], next)
}

// overlays are the clients whose layers build on one (domain 9.6).
func (w *world) overlays(client int) (list []int) {
	if base, _ := fold(w.below(client)); base != nil || !w.layers[client].whole {
		return nil
	}
	for c, s := range w.layers {
		path := w.path(c)
		between := slices.ContainsFunc(path, func(p int) bool {
			l := w.layers[p]
			return p != client && l != nil && l.whole && w.writes[p]
		})
		if c != client && !s.whole && !between && (client == w.owner || slices.Contains(path, client)) {
			list = append(list, c)
		}
	}
	return list
}

func (w *world) remove(client int, force bool) (overlays int, code apperr.Code) {
	if code := w.refusal(client); code != "" {
		return 0, code
	}
	if w.layers[client] == nil {
		return 0, apperr.NotFound
	}
	above := w.overlays(client)
	if len(above) > 0 && !force {
		return 0, apperr.NotAllowed
	}
	for _, c := range append(above, client) {
		delete(w.layers, c)
		w.past[c] = append(w.past[c], &state{client: c, removed: true})
	}
	return len(above), ""
}

func (w *world) restore(s *state) apperr.Code {
	_, below := fold(w.below(s.client))
	switch {
	case s.removed:
		return apperr.Invalid
	case !w.writes[s.client], len(below) > 0 && below[len(below)-1].final:
		return apperr.NotAllowed
	}
	next := *s
	w.put(&next)
	return ""
}
