package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/idempotency"
	"github.com/appanage/appanage/internal/reqinfo"
)

// Lengths of an Idempotency-Key, in characters. Callers without a token share one room of keys: theirs must be long
// enough to hold 128 random bits.
const (
	longestKey         = 255
	shortestUnknownKey = 22
)

// keyed puts a mutation that came with an Idempotency-Key into the context (domain 16.2). On queries a key means nothing.
func keyed(ctx context.Context, o *graphql.OperationContext) (context.Context, error) {
	key := reqinfo.From(ctx).Key
	if key == "" || o.Operation.Operation != ast.Mutation {
		return ctx, nil
	}
	unfit := strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' })
	switch fields := graphql.CollectFields(o, o.Operation.SelectionSet, []string{"Mutation"}); {
	case unfit || len(key) > longestKey:
		return ctx, apperr.New(apperr.Invalid, "an Idempotency-Key has 1 to %d printable characters without spaces", longestKey)
	case !actor.From(ctx).SignedIn() && len(key) < shortestUnknownKey:
		return ctx, apperr.New(apperr.Invalid, "without a token an Idempotency-Key holds 128 random bits: %d characters or more", shortestUnknownKey)
	case len(fields) != 1:
		return ctx, apperr.New(apperr.Invalid, "a request with an Idempotency-Key holds one mutation, not %d", len(fields))
	default:
		variables, err := json.Marshal(o.Variables)
		if err != nil {
			return ctx, fmt.Errorf("hub: encode variables: %w", err)
		}
		return idempotency.With(ctx, idempotency.Request{
			Key: key, Operation: fields[0].Name, Body: o.RawQuery + "\x00" + o.OperationName + "\x00" + string(variables),
		}), nil
	}
}
