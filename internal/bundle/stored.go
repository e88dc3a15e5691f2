package bundle

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/oid"
)

// atBundle is where the input of a command names the bundle.
const atBundle = "input.bundleId"

// stored reads a bundle that was received, for its sender. Errors: NOT_FOUND, EXPIRED.
func (s *Service) stored(ctx context.Context, id oid.Bundle) (*Document, error) {
	var sender authz.Sender
	var expires time.Time
	found, err := s.db.First(ctx, []any{&sender.User, &sender.Client, &expires}, "SELECT user_id, client_id, expires_at FROM bundles WHERE id = ?", id)
	if err != nil {
		return nil, fmt.Errorf("bundle: read: %w", err)
	}
	a := actor.From(ctx)
	if !found || !s.Rules.UsesBundle(authz.Sender{User: a.User, Client: a.Client}, sender) {
		return nil, apperr.At(atBundle, apperr.NotFound, "no such bundle")
	}
	if !s.Clock.Now().Before(expires) {
		return nil, apperr.At(atBundle, apperr.Expired, "the bundle was kept for an hour: send it again")
	}
	var all []Definition
	doc, err := Read(&parts{ctx: ctx, s: s, id: id}, func(d Definition) error {
		all = append(all, d)
		return nil
	})
	if err != nil {
		return nil, inBundle(err)
	}
	doc.Definitions = all
	return doc, nil
}

// inBundle puts what is wrong with a bundle where the input of a command names it.
func inBundle(err error) error {
	if e, ok := apperr.As(err); ok {
		return apperr.At(atBundle, e.Code, "%s", e.Message)
	}
	return err
}

// parts reads the text of a bundle, part by part.
type parts struct {
	ctx      context.Context //nolint:containedctx // io.Reader has none
	s        *Service
	id       oid.Bundle
	position int
	rest     string
}

// Read implements io.Reader.
func (p *parts) Read(into []byte) (int, error) {
	if p.rest == "" {
		found, err := p.s.db.First(p.ctx, []any{&p.rest}, "SELECT content FROM bundle_parts WHERE bundle_id = ? AND position = ?", p.id, p.position)
		if err != nil {
			return 0, fmt.Errorf("bundle: read a part: %w", err)
		}
		if !found {
			return 0, io.EOF
		}
		p.position++
	}
	n := copy(into, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
