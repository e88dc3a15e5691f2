package graph

import (
	"context"
	"strconv"

	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
)

// Every mutation is a command that gives the id of its result. done runs it once for an Idempotency-Key, be it sent ever
// so often, and splits what it answers: the id, errors of the input for the payload, and all others.
func done[T oid.ID](ctx context.Context, r *Resolver, command func(context.Context) (T, error)) (T, []*model.UserError, error) {
	id, err := r.Once.Do(ctx, func(ctx context.Context) (string, error) {
		id, err := command(ctx)
		return string(id), err
	})
	errs, err := userErrors(err)
	if err != nil || len(errs) > 0 {
		return "", errs, err
	}
	return T(id), errs, nil
}

// changed is done for a mutation whose payload shows the result: it is read after the commit, in the caller's scope,
// where the operation asks for it by this name.
func changed[T oid.ID, R any](
	ctx context.Context, r *Resolver, name string, command func(context.Context) (T, error), read func(context.Context, T) (*R, error),
) (*R, []*model.UserError, error) {
	id, errs, err := done(ctx, r, command)
	if err != nil || len(errs) > 0 || len(chosen(ctx, name)) == 0 {
		return nil, errs, err
	}
	row, err := found(read(ctx, id))
	return row, errs, err
}

// ended is done for a mutation whose result is gone: the payload has its id.
func ended[T oid.ID](ctx context.Context, r *Resolver, command func(context.Context) (T, error)) (*string, []*model.UserError, error) {
	id, errs, err := done(ctx, r, command)
	if err != nil || len(errs) > 0 {
		return nil, errs, err
	}
	gone := string(id)
	return &gone, errs, nil
}

// mostIDs is how many ids one mutation takes in a list.
const mostIDs = 100

// parseIDs reads a list of ids of one kind; each that is not one is an error with its place.
func parseIDs[T oid.ID](argument string, list []string) ([]T, error) {
	if len(list) > mostIDs {
		return nil, apperr.At(argument, apperr.Invalid, "at most %d ids are taken at once, not %d", mostIDs, len(list))
	}
	var errs apperr.Collector
	ids := make([]T, len(list))
	for i, s := range list {
		id, err := parseID[T](argument+"."+strconv.Itoa(i), s)
		errs.AddErr(err)
		ids[i] = id
	}
	return ids, errs.Err()
}
