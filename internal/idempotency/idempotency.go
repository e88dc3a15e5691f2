// Package idempotency gives a request that carries a key one effect, however often it comes (domain 16.2).
package idempotency

import (
	"context"
	"fmt"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/idempotencykey"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/digest"
	"github.com/appanage/appanage/internal/store"
)

// Kept is how long the effect of a key is remembered.
const Kept = 7 * 24 * time.Hour

// Request is a mutation that came with a key.
type Request struct {
	Key       string
	Operation string // the root field
	Body      string // everything that was sent
}

type key struct{}

// With puts a request into the context.
func With(ctx context.Context, r Request) context.Context { return context.WithValue(ctx, key{}, r) }

// Service remembers effects.
type Service struct {
	db     *store.DB
	secret []byte
}

// New makes the service. All servers of one database have the same secret.
func New(db *store.DB, secret []byte) *Service { return &Service{db, secret} }

// Do runs a command, and gives the id of its result. With a key in the context it runs in one transaction with the note
// of its effect; a repeat does not run it, and gives the same id. A command whose result is a secret gives "": its
// repeat is answered ALREADY_DONE. KEY_REUSED: the key came with another request before.
//
// Two requests with one key at the same moment wait for each other at the row's insertion.
func (s *Service) Do(ctx context.Context, command func(context.Context) (string, error)) (result string, err error) {
	r, ok := ctx.Value(key{}).(Request)
	if !ok {
		return command(ctx)
	}
	id, body := digest.MAC(s.secret, caller(ctx), r.Operation, r.Key), digest.MAC(s.secret, r.Operation, r.Body)
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		system := actor.System(ctx, "keys of requests belong to the platform")
		err := tx.IdempotencyKey.Create().SetID(id).SetBodyHash(body).SetCreatedAt(clock.Now()).Exec(system)
		if ent.IsConstraintError(err) || store.UniqueKey(err) != "" {
			result, err = repeat(system, tx, id, body)
			return err
		}
		if err != nil {
			return fmt.Errorf("idempotency: note a key: %w", err)
		}
		if result, err = command(context.WithValue(ctx, key{}, nil)); err != nil {
			return err
		}
		version, err := s.db.VersionOf(ctx, result)
		if err != nil {
			return fmt.Errorf("idempotency: read the result: %w", err)
		}
		if err := tx.IdempotencyKey.UpdateOneID(id).SetObjectID(result).SetObjectVersion(version).Exec(system); err != nil {
			return fmt.Errorf("idempotency: note a result: %w", err)
		}
		return nil
	})
	return result, err
}

// repeat gives the result of the request that came with the key before.
func repeat(ctx context.Context, tx *ent.Client, id, body string) (string, error) {
	row, err := tx.IdempotencyKey.Get(ctx, id)
	switch {
	case err != nil:
		return "", fmt.Errorf("idempotency: read a key: %w", err)
	case row.BodyHash != body:
		return "", apperr.New(apperr.KeyReused, "the Idempotency-Key came with another request before")
	case row.ObjectID == "":
		return "", apperr.New(apperr.AlreadyDone, "done before with this Idempotency-Key; its answer is not kept, for it holds a secret")
	}
	return row.ObjectID, nil
}

// caller is whose keys are told apart: of a user, in a client, or of everybody without a token.
func caller(ctx context.Context) string {
	if a := actor.From(ctx); a.SignedIn() {
		return string(a.User) + " " + string(a.Client)
	}
	return "anonymous"
}

// Forget deletes what has been kept long enough.
func (s *Service) Forget(ctx context.Context) error {
	ctx = actor.System(ctx, "old keys of requests are nobody's")
	_, err := s.db.Client(ctx).IdempotencyKey.Delete().Where(idempotencykey.CreatedAtLT(clock.Now().Add(-Kept))).Exec(ctx)
	if err != nil {
		return fmt.Errorf("idempotency: forget: %w", err)
	}
	return nil
}
