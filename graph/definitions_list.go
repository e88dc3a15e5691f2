package graph

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/appanage/appanage/graph/cursor"
	"github.com/appanage/appanage/graph/list"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// longestBeginning is the longest text that names are asked to begin with, in characters: no name is longer.
const longestBeginning = 128

// definitions lists the definitions that are in force for a client. No table has them, so that the page is the domain's to
// make; the arguments, the cursors and what lies around the page are as for every list.
func (r *Resolver) definitions(
	ctx context.Context, applicationID string, clientID *string, page list.Page, filter *model.DefinitionFilter, orderBy *model.DefinitionOrder,
) (*model.DefinitionConnection, error) {
	q, err := listing(ctx, applicationID, clientID, filter, orderBy)
	if err != nil {
		return nil, err
	}
	if q.Size, q.Backwards, err = page.Size(); err != nil {
		return nil, err
	}
	shelf := shelf{r.Cursors, binding(q)}
	if q.After, err = shelf.place("after", page.After); err != nil {
		return nil, err
	}
	if q.Before, err = shelf.place("before", page.Before); err != nil {
		return nil, err
	}
	listed, err := r.Definitions.List(ctx, q)
	if listed == nil || err != nil {
		return nil, err
	}
	out := &model.DefinitionConnection{Edges: []*model.DefinitionEdge{}, Nodes: []*model.Definition{}, PageInfo: shelf.around(listed, q)}
	for _, reading := range listed.Readings {
		node, err := definitionOf(reading, nil)
		if err != nil {
			return nil, err
		}
		out.Nodes = append(out.Nodes, node)
		out.Edges = append(out.Edges, &model.DefinitionEdge{Node: node, Cursor: shelf.cursor(nameOf(reading))})
	}
	if len(chosen(ctx, "totalCount")) > 0 {
		out.TotalCount, err = listed.Count(ctx)
	}
	return out, err
}

// listing reads the arguments that say which list is meant.
func listing(ctx context.Context, applicationID string, clientID *string, filter *model.DefinitionFilter, orderBy *model.DefinitionOrder) (q definition.Listing, err error) {
	if q.Application, err = parseID[oid.Application]("applicationId", applicationID); err != nil {
		return q, err
	}
	if q.Client, err = optionalClient(clientID); err != nil {
		return q, err
	}
	if q.Client == "" {
		q.Client = actor.From(ctx).Client
	}
	if filter != nil {
		if search := filter.Search.Value(); search != nil {
			if n := utf8.RuneCountInString(*search); n == 0 || n > longestBeginning {
				return q, apperr.At("filter.search", apperr.Invalid, "`search` must have 1 to %d characters", longestBeginning)
			}
			q.Begins = *search
		}
		if kind := filter.Kind.Value(); kind != nil {
			q.Kind = *kind
		}
	}
	q.Down = orderBy != nil && orderBy.Direction == model.OrderDirectionDesc
	return q, nil
}

// binding is what a cursor of a list is bound to.
func binding(q definition.Listing) string {
	return fmt.Sprintf("Definition\x00%s\x00%s\x00%q\x00%s\x00%t", q.Application, q.Client, q.Begins, q.Kind, q.Down)
}

// shelf makes and reads the cursors of one list.
type shelf struct {
	codec   cursor.Codec
	binding string
}

func nameOf(r *definition.Reading) definition.Name {
	return definition.Name{Name: r.Name, Kind: r.Kind}
}

func (s shelf) cursor(at definition.Name) string {
	return s.codec.Encode(s.binding, cursor.Position{Value: at.Name, ID: string(at.Kind)})
}

func (s shelf) place(argument string, text *string) (*definition.Name, error) {
	if text == nil {
		return nil, nil
	}
	p, err := s.codec.Decode(s.binding, *text)
	if err != nil {
		return nil, apperr.At(argument, apperr.Invalid, "`%s` is not a cursor of this list with this filter and order", argument)
	}
	return &definition.Name{Name: p.Value, Kind: enum.DefinitionKind(p.ID)}, nil
}

// around tells where a page lies, as for every list.
func (s shelf) around(l *definition.Listed, q definition.Listing) *model.PageInfo {
	cut := func(context.Context) (bool, error) { return l.More, nil }
	previous, next := goes(l, q.After, false, true), goes(l, q.Before, true, true)
	info := &model.PageInfo{}
	if n := len(l.Readings); n > 0 {
		first, last := nameOf(l.Readings[0]), nameOf(l.Readings[n-1])
		start, end := s.cursor(first), s.cursor(last)
		info.StartCursor, info.EndCursor = &start, &end
		previous, next = goes(l, &first, false, false), goes(l, &last, true, false)
	}
	info.Previous, info.Next = previous, cut
	if q.Backwards {
		info.Previous, info.Next = cut, next
	}
	return info
}

// goes asks whether a list has anything on one side of a place; without a place it has not.
func goes(l *definition.Listed, at *definition.Name, after, with bool) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		if at == nil {
			return false, nil
		}
		return l.Goes(ctx, *at, after, with)
	}
}
