package definition

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/layers"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// mostTold is how many layers a report names of each sort.
const mostTold = 1000

// OverlayReport tells what a change of what the owner provides does to the layers of other clients: where both change the
// same place, and which sleep from then on. Layers of clients out of the caller's scope are counted, and not named.
type OverlayReport struct {
	Conflicts     []OverlayConflict
	ConflictCount int
	Sleeping      []Overlay
	SleepingCount int
}

// Overlay names a layer.
type Overlay struct {
	Kind   enum.DefinitionKind
	Name   string
	Client string // its code
}

// OverlayConflict is a place that a layer changes, and the owner too.
type OverlayConflict struct {
	Overlay

	Pointer string
}

// overlays are all that decides of layers above the owner's.
type overlays struct {
	stands map[oid.Client]bool // the client has write access today
	codes  map[oid.Client]string
	// above are the ancestors of a client, nearest first, that stand and have layers too.
	above map[oid.Client][]oid.Client
}

// report compares the overlays of what changes with what lies below them, before and after. Those of clients without
// write access today do not count before nor after, and are left out.
func (p *provider) report(ctx context.Context) error {
	names := map[enum.DefinitionKind][]string{}
	changed := map[placed]*change{}
	for _, c := range p.changes {
		if p.overlaid[c.placed] {
			names[c.kind] = append(names[c.kind], c.name)
			changed[c.placed] = c
		}
	}
	if len(changed) == 0 {
		return nil
	}
	o, err := p.overlays(ctx)
	if err != nil {
		return err
	}
	for _, kind := range slices.Sorted(maps.Keys(names)) {
		for some := range slices.Chunk(names[kind], rowsAtOnce) {
			if err := p.reportOn(ctx, o, kind, some, changed); err != nil {
				return err
			}
		}
	}
	return nil
}

// overlays reads whose layers count, and who stands above whom.
func (p *provider) overlays(ctx context.Context) (*overlays, error) {
	o := &overlays{stands: map[oid.Client]bool{}, codes: map[oid.Client]string{}, above: map[oid.Client][]oid.Client{}}
	now := p.who.Now()
	err := p.s.db.Each(ctx, "SELECT g.client_id, g.level, g.expires_at FROM access_grants AS g WHERE g.application_id = ? AND g.client_id <> ?"+
		" AND EXISTS (SELECT 1 FROM definition_layers AS l WHERE l.client_id = g.client_id AND l.application_id = g.application_id)",
		[]any{p.Application, p.Owner}, func(scan func(...any) error) error {
			var client oid.Client
			var grant authz.Grant
			err := scan(&client, &grant.Level, &grant.ExpiresAt)
			if p.s.rules.LayerStands(authz.Access(p.Owner, client, &grant, now)) {
				o.stands[client] = true
			}
			return err
		})
	if err != nil {
		return nil, err
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(o.stands)), rowsAtOnce) {
		if err := p.readPaths(ctx, o, some); err != nil {
			return nil, err
		}
		rows, err := p.s.db.Client(ctx).Tenant.Query().Where(tenant.IDIn(some...), scope.Listed(ctx, "Tenant")).
			Select(tenant.FieldID, tenant.FieldCode).All(ctx)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			o.codes[row.ID] = row.Code
		}
	}
	return o, nil
}

func (p *provider) readPaths(ctx context.Context, o *overlays, some []oid.Client) error {
	return p.s.db.Each(ctx, "SELECT descendant_id, ancestor_id FROM client_paths WHERE depth > 0 AND descendant_id IN "+store.Marks(len(some))+
		" ORDER BY descendant_id, depth", store.Anys(some), func(scan func(...any) error) error {
		var client, ancestor oid.Client
		err := scan(&client, &ancestor)
		if o.stands[ancestor] {
			o.above[client] = append(o.above[client], ancestor)
		}
		return err
	})
}

// reportOn reads the overlays of definitions of one kind, and tells of each, place by place.
func (p *provider) reportOn(ctx context.Context, o *overlays, kind enum.DefinitionKind, names []string, changed map[placed]*change) error {
	var at string
	var here map[oid.Client]layers.Layer
	args := append([]any{p.Application, p.Owner, kind}, store.Anys(names)...)
	err := p.s.db.Each(ctx, "SELECT l.name, l.client_id, v.whole, v.final, v.content FROM definition_layers AS l"+
		" JOIN definition_versions AS v ON v.id = l.current_id WHERE l.application_id = ? AND l.client_id <> ? AND l.kind = ?"+
		" AND l.name IN "+store.Marks(len(names))+" ORDER BY l.name, l.client_id", args, func(scan func(...any) error) error {
		var name, content string
		var l layers.Layer
		if err := scan(&name, &l.Client, &l.Whole, &l.Final, &content); err != nil {
			return err
		}
		if name != at {
			if err := p.tell(o, changed[placed{kind, at}], here); err != nil {
				return err
			}
			at, here = name, map[oid.Client]layers.Layer{}
		}
		if !o.stands[l.Client] {
			return nil
		}
		var err error
		l.Content, err = parsed(content)
		here[l.Client] = l
		return err
	})
	if err != nil {
		return err
	}
	return p.tell(o, changed[placed{kind, at}], here)
}

// below is what lies below a layer.
type below struct {
	content delta.Value
	final   bool
}

// chains fold the layers of one definition, for every client that has one; what several have in common once.
type chains struct {
	owner  below
	layers map[oid.Client]layers.Layer
	above  map[oid.Client][]oid.Client
	made   map[oid.Client]below
}

// under is what lies below a client's layer: what the nearest client above it has made, or the owner.
func (c *chains) under(client oid.Client) below {
	for _, ancestor := range c.above[client] {
		if _, has := c.layers[ancestor]; has {
			return c.with(ancestor)
		}
	}
	return c.owner
}

// with is what there is with a client's layer.
func (c *chains) with(client oid.Client) below {
	made, known := c.made[client]
	if !known {
		made, _ = c.laid(client)
		c.made[client] = made
	}
	return made
}

// laid lays a client's layer on what is below it, and tells whether it counts.
func (c *chains) laid(client oid.Client) (made below, counts bool) {
	made = c.under(client)
	if made.final {
		return made, false
	}
	l := c.layers[client]
	content, reason := l.Over(made.content)
	if reason != "" {
		return made, false
	}
	return below{content, l.Final}, true
}

// tell compares what lies below each layer of a definition before and after.
func (p *provider) tell(o *overlays, c *change, here map[oid.Client]layers.Layer) error {
	if len(here) == 0 {
		return nil
	}
	before, after, err := c.bases()
	if err != nil {
		return err
	}
	was := &chains{before, here, o.above, map[oid.Client]below{}}
	is := &chains{after, here, o.above, map[oid.Client]below{}}
	report := &p.did.Overlays
	for _, client := range slices.Sorted(maps.Keys(here)) {
		code, named := o.codes[client]
		overlay := Overlay{c.kind, c.name, code}
		_, counted := was.laid(client)
		_, counts := is.laid(client)
		switch {
		case counted && !counts:
			if report.SleepingCount++; named && len(report.Sleeping) < mostTold {
				report.Sleeping = append(report.Sleeping, overlay)
			}
		case counted:
			for _, conflict := range here[client].Conflicts(was.under(client).content, is.under(client).content) {
				if report.ConflictCount++; named && len(report.Conflicts) < mostTold {
					report.Conflicts = append(report.Conflicts, OverlayConflict{overlay, conflict.Pointer})
				}
			}
		}
	}
	return nil
}

// bases are the owner's layer before and after.
func (c *change) bases() (before, after below, err error) {
	if c.from != nil {
		before.final = c.from.Final
		if before.content, err = parsed(c.was); err != nil {
			return before, after, err
		}
	}
	if c.to != nil {
		after.final = c.to.Final
		after.content, err = parsed(c.is)
	}
	return before, after, err
}

// parsed reads a content that was read by the rules when it was written.
func parsed(content string) (delta.Value, error) {
	v, err := delta.Parse([]byte(content), Limits.ForDelta())
	if err != nil {
		return v, fmt.Errorf("a stored content: %w", err)
	}
	return v, nil
}
