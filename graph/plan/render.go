package plan

import (
	"database/sql/driver"
	"fmt"
	"strconv"

	"github.com/appanage/appanage/internal/oid"
)

// render writes a row into the arena, by every program of its fetch, and notes its keys.
func (x *run) render(row []driver.Value) error {
	f, s := x.f, x.s
	if f.sight {
		if err := x.see(row); err != nil {
			return err
		}
	}
	for i, column := range f.keys {
		slot := int32(-1)
		if !f.hidesKeys || x.seen {
			var err error
			if slot, err = s.sets[i].put(row[column]); err != nil {
				return err
			}
		}
		s.sets[i].rows = append(s.sets[i].rows, slot)
	}
	s.rows++
	if len(x.arena) > mostArena {
		return errLarge
	}
	for _, p := range f.programs {
		if err := x.renderBy(p, row); err != nil {
			return err
		}
	}
	return nil
}

func (x *run) renderBy(p *program, row []driver.Value) (err error) {
	out := x.arena
	for i := range p.ops {
		o := &p.ops[i]
		out = append(out, o.literal...)
		switch o.code {
		case opHole:
			x.end(out)
		case opRaw:
			if o.at >= 0 {
				out, err = appendRaw(out, row[o.at])
			}
			x.end(out)
		case opColumn:
			if o.hidden && !x.seen {
				out = append(out, "null"...)
			} else {
				out, err = appendValue(out, row[o.at], o.column)
			}
		case opComputed:
			out, err = x.compute(out, o, row)
		case opAuthorities: // of the root only
		}
		if err != nil {
			return err
		}
	}
	x.arena = append(out, p.tail...)
	x.end(x.arena)
	return nil
}

// end notes that a segment ends here.
func (x *run) end(out []byte) {
	x.s.ends = append(x.s.ends, int32(len(out)))
}

func (x *run) compute(out []byte, o *op, row []driver.Value) ([]byte, error) {
	if o.hidden && !x.seen {
		return append(out, "null"...), nil
	}
	facts := Facts{InSight: x.seen}
	for _, column := range o.from {
		facts.Columns = append(facts.Columns, row[column])
	}
	if o.at >= 0 {
		facts.Query = row[x.columns-len(x.f.queries)+o.at]
	}
	return o.computed.Write(out, x.bound.actor, facts)
}

// see judges a row by its kind's sight.
func (x *run) see(row []driver.Value) error {
	if (x.f.by == listed || x.f.by == byParent && !x.f.reached) && x.f.kind.Sight.Listed {
		x.seen = true
		return nil
	}
	if self := x.f.sightAt[1]; self >= 0 && same(row[self], string(x.bound.actor.User)) {
		x.seen = true
		return nil
	}
	if !x.known {
		n, err := number(row[len(x.f.columns)])
		x.seen = n != 0
		return err
	}
	x.seen = x.inScope(row[x.f.sightAt[0]])
	return nil
}

// inScope tells, of a scope that is known, whether it has a client.
func (x *run) inScope(v driver.Value) bool {
	if x.bound.actor.Scope.All {
		return true
	}
	switch v := v.(type) {
	case string:
		in, _ := x.bound.actor.Scope.Has(oid.Client(v))
		return in
	case []byte:
		for _, c := range x.bound.actor.Scope.Clients {
			if string(c) == string(v) {
				return true
			}
		}
	}
	return false
}

func same(v driver.Value, s string) bool {
	switch v := v.(type) {
	case string:
		return v == s
	case []byte:
		return string(v) == s
	}
	return false
}

func appendRaw(out []byte, v driver.Value) ([]byte, error) {
	switch v := v.(type) {
	case string:
		return append(out, v...), nil
	case []byte:
		return append(out, v...), nil
	case int64:
		return strconv.AppendInt(out, v, 10), nil
	case nil:
		return out, errNull
	}
	return out, fmt.Errorf("plan: a %T in the order of a list", v)
}

// number is the value of a count or a condition.
func number(v driver.Value) (int64, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case []byte:
		return strconv.ParseInt(string(v), 10, 64)
	case nil:
		return 0, nil
	}
	return 0, fmt.Errorf("plan: a %T where a number was expected", v)
}
