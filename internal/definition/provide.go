package definition

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// Provided is a definition as the owner of an application provides it: the whole object, as compact JSON.
type Provided struct {
	Kind          enum.DefinitionKind
	Name          string
	Public, Final bool
	Content       string
}

// Provide replaces all that the owner of an application provides of definitions (domain 12.2).
type Provide struct {
	Application oid.Application
	Owner       oid.Client
	Operation   string // names the command in the trail
	Definitions []Provided
}

// Provision is what that did.
type Provision struct {
	Made, Changed, Dropped int
	Overlays               OverlayReport
}

// Provide makes, changes and takes away layers of the owner, whoever the caller is: so it is for commands only that have
// decided that he may (authz.Rules.Upgrades), in a transaction that has locked the application's row. What is as it was gets
// no version and no trace. The number of statements grows with the bytes that are written, and not with the definitions:
// they are written by hand, each about the one owner and application.
func (s *Service) Provide(ctx context.Context, cmd Provide) (*Provision, error) {
	p := &provider{s: s, Provide: cmd, now: clock.Now(), who: actor.From(ctx)}
	if err := p.compare(ctx); err != nil {
		return nil, fmt.Errorf("definition: compare with what the owner provides: %w", err)
	}
	if err := p.report(ctx); err != nil {
		return nil, fmt.Errorf("definition: compare with overlays: %w", err)
	}
	if err := p.write(ctx); err != nil {
		return nil, err
	}
	return &p.did, nil
}

// placed is the key of a definition in its application.
type placed struct {
	kind enum.DefinitionKind
	name string
}

func (p placed) compare(q placed) int {
	return cmp.Or(cmp.Compare(p.kind, q.kind), cmp.Compare(p.name, q.name))
}

// provider runs one command.
type provider struct {
	Provide

	s   *Service
	now time.Time
	who *actor.Actor
	did Provision

	overlaid map[placed]bool // there are layers of other clients
	changes  []*change       // in the order of their places
}

// change is what becomes of one definition: from nil it is made, to nil it is dropped.
type change struct {
	placed

	layer    oid.DefinitionLayer
	from, to *Version // without contents: those are below, and the old one only where there are overlays to compare
	was, is  string
	last     *Version // where it is dropped: the one that says so
}

// compare reads what there is, and finds what changes, in an order that is always the same. It keeps no content that
// stays.
func (p *provider) compare(ctx context.Context) error {
	p.overlaid = map[placed]bool{}
	err := p.s.db.Each(ctx, "SELECT DISTINCT kind, name FROM definition_layers WHERE application_id = ? AND client_id <> ?",
		[]any{p.Application, p.Owner}, func(scan func(...any) error) error {
			var at placed
			err := scan(&at.kind, &at.name)
			p.overlaid[at] = true
			return err
		})
	if err != nil {
		return err
	}
	wanted := make(map[placed]*Provided, len(p.Definitions))
	for i := range p.Definitions {
		d := &p.Definitions[i]
		wanted[placed{d.Kind, d.Name}] = d
	}
	if len(wanted) != len(p.Definitions) {
		return apperr.New(apperr.Invalid, "of some kind and name there are two definitions")
	}
	if err := p.compareStored(ctx, wanted); err != nil {
		return err
	}
	for at, d := range wanted { // those that are not stored
		p.did.Made++
		p.changes = append(p.changes, &change{placed: at, layer: oid.New[oid.DefinitionLayer](), to: p.version(at, d), is: d.Content})
	}
	slices.SortFunc(p.changes, func(x, y *change) int { return x.compare(y.placed) })
	return nil
}

// compareStored goes through the owner's layers, and takes from what is wanted what there is.
func (p *provider) compareStored(ctx context.Context, wanted map[placed]*Provided) error {
	return p.s.db.Each(ctx, "SELECT l.kind, l.name, l.id, v.id, v.number, v.whole, v.public, v.final, v.content"+
		" FROM definition_layers AS l JOIN definition_versions AS v ON v.id = l.current_id WHERE l.client_id = ? AND l.application_id = ?",
		[]any{p.Owner, p.Application}, func(scan func(...any) error) error {
			c := &change{from: &Version{Client: p.Owner}}
			v := c.from
			if err := scan(&c.kind, &c.name, &c.layer, &v.ID, &v.Number, &v.Whole, &v.Public, &v.Final, &c.was); err != nil {
				return err
			}
			v.Place = Place{p.Application, c.kind, c.name}
			d := wanted[c.placed]
			delete(wanted, c.placed)
			switch {
			case d == nil:
				p.did.Dropped++
			case v.Public == d.Public && v.Final == d.Final && v.Whole && c.was == d.Content:
				return nil
			default:
				p.did.Changed++
				c.to, c.is = p.version(c.placed, d), d.Content
			}
			if !p.overlaid[c.placed] {
				c.was = ""
			}
			p.changes = append(p.changes, c)
			return nil
		})
}

// version is what there is to be of a definition.
func (p *provider) version(at placed, d *Provided) *Version {
	return &Version{Client: p.Owner, Place: Place{p.Application, at.kind, at.name}, Whole: true, Public: d.Public, Final: d.Final}
}

// write writes versions, then layers: they name each other.
func (p *provider) write(ctx context.Context) error {
	if err := p.number(ctx); err != nil {
		return fmt.Errorf("definition: read numbers of versions: %w", err)
	}
	for _, step := range []struct {
		what string
		run  func(context.Context) error
	}{
		{"write versions", p.writeVersions}, {"make layers", p.makeLayers}, {"change layers", p.changeLayers},
		{"take layers away", p.dropLayers}, {"write the trail", p.record},
	} {
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("definition: %s of the owner: %w", step.what, err)
		}
	}
	return nil
}

// number gives each version its id and number: numbers count on, also after a layer was taken away.
func (p *provider) number(ctx context.Context) error {
	last := map[placed]int{}
	if p.did.Made > 0 {
		err := p.s.db.Each(ctx, "SELECT kind, name, MAX(number) FROM definition_versions WHERE client_id = ? AND application_id = ? GROUP BY kind, name",
			[]any{p.Owner, p.Application}, func(scan func(...any) error) error {
				var at placed
				var number int
				err := scan(&at.kind, &at.name, &number)
				last[at] = number
				return err
			})
		if err != nil {
			return err
		}
	}
	for _, c := range p.changes {
		next := c.next()
		next.ID, next.Number = oid.New[oid.DefinitionVersion](), last[c.placed]+1
		if c.from != nil {
			next.Number = c.from.Number + 1
		}
	}
	return nil
}

// next is the version to be written.
func (c *change) next() *Version {
	if c.to != nil {
		return c.to
	}
	if c.last == nil {
		c.last = &Version{Client: c.from.Client, Place: c.from.Place, Whole: c.from.Whole}
	}
	return c.last
}

// bytesAtOnce is about how much content one statement writes.
const bytesAtOnce = 2 << 20

// portions cuts changes into those that one statement writes.
func portions(changes []*change) [][]*change {
	var all [][]*change
	for len(changes) > 0 {
		n, size := 0, 0
		for n < len(changes) && n < rowsAtOnce && (n == 0 || size < bytesAtOnce) {
			size += len(changes[n].is)
			n++
		}
		all = append(all, changes[:n])
		changes = changes[n:]
	}
	return all
}

// those are the changes of one sort.
func (p *provider) those(sort func(*change) bool) [][]*change {
	return portions(slices.DeleteFunc(slices.Clone(p.changes), func(c *change) bool { return !sort(c) }))
}

func (p *provider) writeVersions(ctx context.Context) error {
	for _, some := range portions(p.changes) {
		var args []any
		for _, c := range some {
			v := c.next()
			args = append(args, v.ID, p.now, p.now, v.Client, v.Place.Application, v.Place.Kind, v.Place.Name, v.Number, c.is, "",
				v.Whole, v.Final, v.Public, c.to == nil, store.OrNull(p.who.Client), store.OrNull(p.who.User))
		}
		if _, err := p.s.db.Exec(ctx, rows(intoVersions, versionValues, len(some)), args...); err != nil {
			return err
		}
	}
	return nil
}

func (p *provider) makeLayers(ctx context.Context) error {
	for _, some := range p.those(func(c *change) bool { return c.from == nil }) {
		var args []any
		for _, c := range some {
			args = append(args, c.layer, p.now, p.now, p.Owner, p.Application, c.kind, c.name, c.to.ID, true, c.to.Final, c.to.Public)
		}
		if _, err := p.s.db.Exec(ctx, rows(intoLayers, layerValues, len(some)), args...); err != nil {
			return err
		}
	}
	return nil
}

// changeLayers has layers name their new versions, and repeat the flags of these.
func (p *provider) changeLayers(ctx context.Context) error {
	for _, some := range p.those(func(c *change) bool { return c.from != nil && c.to != nil }) {
		var q query
		q.add("UPDATE definition_layers SET version = version + 1, updated_at = ?, whole = TRUE", p.now)
		q.perLayer("current_id", some, func(v *Version) any { return v.ID })
		q.perLayer("public", some, func(v *Version) any { return v.Public })
		q.perLayer("final", some, func(v *Version) any { return v.Final })
		q.add(" WHERE id IN " + store.Marks(len(some)))
		if err := p.touch(ctx, &q, some); err != nil {
			return err
		}
	}
	return nil
}

// perLayer sets a column to a value of each layer's own.
func (q *query) perLayer(column string, some []*change, value func(*Version) any) {
	q.add(", " + column + " = CASE id")
	for _, c := range some {
		q.add(" WHEN ? THEN ?", c.layer, value(c.to))
	}
	q.add(" END")
}

func (p *provider) dropLayers(ctx context.Context) error {
	for _, some := range p.those(func(c *change) bool { return c.to == nil }) {
		var q query
		q.add("DELETE FROM definition_layers WHERE id IN " + store.Marks(len(some)))
		if err := p.touch(ctx, &q, some); err != nil {
			return err
		}
	}
	return nil
}

// touch runs a statement that ends in the ids of layers, and asks that it found each.
func (p *provider) touch(ctx context.Context, q *query, some []*change) error {
	for _, c := range some {
		q.args = append(q.args, c.layer)
	}
	result, err := p.s.db.Exec(ctx, q.text.String(), q.args...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n != int64(len(some)) {
		err = fmt.Errorf("%d rows of %d", n, len(some))
	}
	return err
}

// record tells the trail of each change, as the command of one does.
func (p *provider) record(ctx context.Context) error {
	for some := range slices.Chunk(p.changes, rowsAtOnce) {
		events := make([]audit.Event, len(some))
		for i, c := range some {
			events[i] = event(p.Operation, c.layer, c.from, c.to)
		}
		if err := audit.Record(ctx, p.s.db, events...); err != nil {
			return err
		}
	}
	return nil
}

// Provided hands on what the owner of an application provides of definitions, by kind and name: for commands that have
// decided that the caller may (authz.Rules.Exports).
func (s *Service) Provided(ctx context.Context, app oid.Application, owner oid.Client, each func(Provided) error) error {
	return s.db.Each(ctx, "SELECT l.kind, l.name, v.public, v.final, v.content FROM definition_layers AS l"+
		" JOIN definition_versions AS v ON v.id = l.current_id WHERE l.client_id = ? AND l.application_id = ? ORDER BY l.kind, l.name",
		[]any{owner, app}, func(scan func(...any) error) error {
			var d Provided
			if err := scan(&d.Kind, &d.Name, &d.Public, &d.Final, &d.Content); err != nil {
				return err
			}
			return each(d)
		})
}
