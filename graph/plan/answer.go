package plan

import (
	"errors"
	"strconv"

	"github.com/99designs/gqlgen/graphql"

	"github.com/appanage/appanage/internal/oid"
)

// errMissing is null where an object must be: the reference executor says what then becomes of the rest.
var errMissing = errors.New("plan: an object that must be there is missing")

// write puts the segments together, in the order of the selection.
func (x *run) write() ([]byte, error) {
	x.out = make([]byte, 0, x.plan.largest.Load()+256)
	root := &x.plan.root
	for i := range root.ops {
		o := &root.ops[i]
		x.out = append(x.out, o.literal...)
		switch o.code {
		case opHole:
			if err := x.fill(root.holes[o.at], 0, nil, 0); err != nil {
				return nil, err
			}
		case opAuthorities:
			x.out = appendStrings(x.out, x.bound.actor.Authorities())
		case opColumn, opComputed, opRaw: // of rows only
		}
	}
	x.out = append(x.out, root.tail...)
	if n := int64(len(x.out)); n > x.plan.largest.Load() {
		x.plan.largest.Store(n)
	}
	return x.out, nil
}

// fill writes what belongs into a hole: of a slot of the hole's fetch, or of the row around it.
func (x *run) fill(h *hole, slot int32, around *fetch, row int32) error {
	switch h.code {
	case holeOne:
		return x.fillOne(h, slot)
	case holeConnection:
		return x.fillConnection(h, slot)
	case holeCursor:
		x.cursor(around, row)
	case holeNodes:
		return x.fillNodes(h)
	case holeList:
		return x.fillList(h, slot)
	}
	return nil
}

func (x *run) fillOne(h *hole, slot int32) error {
	s := &x.states[h.fetch.index]
	if slot < 0 || s.spans[slot].n == 0 {
		if h.required {
			return errMissing
		}
		x.out = append(x.out, "null"...)
		return nil
	}
	return x.writeRow(h.fetch, s, s.spans[slot].first, h.program)
}

// writeRow writes a row by one of its programs.
func (x *run) writeRow(f *fetch, s *state, row int32, program int) error {
	p := f.programs[program]
	at := int(row)*f.segments + p.segment
	start := s.base
	if at > 0 {
		start = s.ends[at-1]
	}
	for _, h := range p.holes {
		x.out = append(x.out, x.arena[start:s.ends[at]]...)
		start = s.ends[at]
		at++
		slot := int32(0)
		if h.fetch != f {
			slot = s.sets[h.fetch.parentAt].rows[row]
		}
		if err := x.fill(h, slot, f, row); err != nil {
			return err
		}
	}
	x.out = append(x.out, x.arena[start:s.ends[at]]...)
	return nil
}

func (x *run) fillConnection(h *hole, slot int32) error {
	if slot < 0 {
		if h.required {
			return errMissing
		}
		x.out = append(x.out, "null"...)
		return nil
	}
	f, s := h.fetch, &x.states[h.fetch.index]
	sp := &s.spans[slot]
	for i := range h.parts {
		p := &h.parts[i]
		x.out = append(x.out, p.literal...)
		switch p.code {
		case partRows:
			if err := x.writeRows(f, s, sp, p.program); err != nil {
				return err
			}
		case partTotal:
			x.out = strconv.AppendInt(x.out, sp.total, 10)
		case partNext:
			x.out = strconv.AppendBool(x.out, s.backwards && sp.beyond || !s.backwards && sp.more)
		case partPrevious:
			x.out = strconv.AppendBool(x.out, s.backwards && sp.more || !s.backwards && sp.before)
		case partStart:
			x.writeEnd(f, s, sp, 0)
		case partEnd:
			x.writeEnd(f, s, sp, sp.n-1)
		}
	}
	x.out = append(x.out, h.tail...)
	return nil
}

// at is the i-th row of a page: what was read from its end stands the other way round.
func (s *state) at(f *fetch, sp *span, i int32) int32 {
	if s.backwards {
		i = sp.n - 1 - i
	}
	i += sp.first
	if f.join != nil {
		return s.refs[i]
	}
	return i
}

func (x *run) writeRows(f *fetch, s *state, sp *span, program int) error {
	x.out = append(x.out, '[')
	for i := range sp.n {
		if i > 0 {
			x.out = append(x.out, ',')
		}
		if err := x.writeRow(f, s, s.at(f, sp, i), program); err != nil {
			return err
		}
	}
	x.out = append(x.out, ']')
	return nil
}

func (x *run) writeEnd(f *fetch, s *state, sp *span, i int32) {
	if sp.n == 0 {
		x.out = append(x.out, "null"...)
		return
	}
	x.cursor(f, s.at(f, sp, i))
}

// cursor writes the cursor of a row, from the two segments of its position.
func (x *run) cursor(f *fetch, row int32) {
	s := &x.states[f.index]
	at := int(row)*f.segments + f.programs[f.page.position].segment
	start := s.base
	if at > 0 {
		start = s.ends[at-1]
	}
	x.out = append(x.out, '"')
	x.out = x.p.cursors.Append(x.out, s.key, x.arena[start:s.ends[at]], x.arena[s.ends[at]:s.ends[at+1]])
	x.out = append(x.out, '"')
}

func (x *run) fillNodes(h *hole) error {
	v, err := h.ids.Value(x.vars)
	if err != nil {
		return errInput
	}
	x.out = append(x.out, '[')
	for i, id := range items(v) {
		if i > 0 {
			x.out = append(x.out, ',')
		}
		text, err := graphql.UnmarshalID(id)
		if err != nil {
			return errInput
		}
		if err := x.fillNode(h, text); err != nil {
			return err
		}
	}
	x.out = append(x.out, ']')
	return nil
}

func (x *run) fillNode(h *hole, id string) error {
	kind, _ := oid.KindOf(id)
	for i := range h.variants {
		v := &h.variants[i]
		if v.kind != kind {
			continue
		}
		s := &x.states[v.fetch.index]
		if slot := s.roots.find(id); slot >= 0 && s.spans[slot].n > 0 {
			return x.writeRow(v.fetch, s, s.spans[slot].first, v.program)
		}
	}
	x.out = append(x.out, "null"...)
	return nil
}
