package httpapi

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

func TestDocumentsAreBounded(t *testing.T) {
	documents := newDocuments()
	ctx := context.Background()
	for i := range 100 {
		documents.Add(ctx, fmt.Sprint(i)+strings.Repeat(" ", 64<<10), &ast.QueryDocument{})
	}
	documents.cache.CleanUp()
	if weight := documents.cache.WeightedSize(); weight > documentsTotal {
		t.Errorf("%d bytes of text", weight)
	}
	want := &ast.QueryDocument{}
	documents.Add(ctx, "{ hello }", want)
	if got, ok := documents.Get(ctx, "{ hello }"); !ok || got != want {
		t.Errorf("got %v, %v", got, ok)
	}
}
