package httpapi

import (
	"context"
	"math"

	"github.com/99designs/gqlgen/graphql"
	"github.com/maypok86/otter/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// documents keeps parsed and validated documents. It is bounded by their size, not their number: a thousand documents
// written for the purpose would fill hundreds of megabytes. Documents asked for once do not push out those in use.
type documents struct {
	cache *otter.Cache[string, *ast.QueryDocument]
}

var _ graphql.Cache[*ast.QueryDocument] = documents{}

// documentsTotal bounds the text of all kept documents. Parsed, indented text takes 25 times its length, and text
// written to hurt 115 times.
const documentsTotal = 256 << 10

func newDocuments() documents {
	return documents{otter.Must(&otter.Options[string, *ast.QueryDocument]{
		MaximumWeight: documentsTotal,
		Weigher: func(text string, _ *ast.QueryDocument) uint32 {
			return uint32(min(len(text), math.MaxInt32))
		},
	})}
}

// Get implements graphql.Cache.
func (d documents) Get(_ context.Context, text string) (*ast.QueryDocument, bool) {
	return d.cache.GetIfPresent(text)
}

// Add implements graphql.Cache.
func (d documents) Add(_ context.Context, text string, document *ast.QueryDocument) {
	d.cache.Set(text, document)
}
