// Package layers makes one object of what several clients say of it: whose layers count (the chain), what they make
// together (the fold), and what a save of somebody who saw an earlier state becomes. Nothing here reads or writes.
package layers

import (
	"slices"

	"github.com/appanage/appanage/internal/oid"
)

// Chain gives the clients whose layers count, in the order in which they are applied (domain 9.3): the owner; then the
// client that a URL or a session belongs to, where it is not on the path; then those on the path, farthest first. path
// leads from the root to the client that asks, write tells who has write access today, and urlClient is "" for none.
func Chain(owner oid.Client, path []oid.Client, write func(oid.Client) bool, urlClient oid.Client) []oid.Client {
	chain := []oid.Client{owner}
	if urlClient != "" && urlClient != owner && !slices.Contains(path, urlClient) && write(urlClient) {
		chain = append(chain, urlClient)
	}
	for _, client := range path {
		if client != owner && write(client) {
			chain = append(chain, client)
		}
	}
	return chain
}
