// Package model holds the types that exist in the API only.
package model

import "context"

// Connection is one page of a list, with what Relay asks for around it.
type Connection[T any] struct {
	Edges    []*Edge[T]
	PageInfo *PageInfo
	// Count gives the length of the whole list; it is asked only when totalCount is selected.
	Count func(context.Context) (int, error)
}

// Edge is one item of a page and its cursor.
type Edge[T any] struct {
	Node   *T
	Cursor string
}

// Nodes are the items of the page without their cursors.
func (c *Connection[T]) Nodes() []*T {
	nodes := make([]*T, len(c.Edges))
	for i, e := range c.Edges {
		nodes[i] = e.Node
	}
	return nodes
}

// TotalCount is the length of the whole list, as far as the caller can see it.
func (c *Connection[T]) TotalCount(ctx context.Context) (int, error) { return c.Count(ctx) }

// PageInfo tells where a page lies. What lies on the far side of the page's start is asked of the database only
// when it is selected.
type PageInfo struct {
	StartCursor *string
	EndCursor   *string
	Next        func(context.Context) (bool, error)
	Previous    func(context.Context) (bool, error)
}

// HasNextPage tells whether the list goes on after the page.
func (p *PageInfo) HasNextPage(ctx context.Context) (bool, error) { return p.Next(ctx) }

// HasPreviousPage tells whether the list begins before the page.
func (p *PageInfo) HasPreviousPage(ctx context.Context) (bool, error) { return p.Previous(ctx) }
