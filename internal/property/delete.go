package property

import (
	"context"
	"strconv"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
)

// Delete takes properties of an application away for one client, all or none (domain 6.4, 6.5).
type Delete struct {
	Application oid.Application
	Client      oid.Client // the caller's client when empty
	Names       []string
}

// Validate joins what is wrong with the command.
func (c *Delete) Validate() error {
	var errs apperr.Collector
	if n := len(c.Names); n < 1 || n > maxInCall {
		errs.Add(apperr.At("input.names", apperr.Invalid, "1 to %d properties are taken away in one call, not %d", maxInCall, n))
		return errs.Err()
	}
	seen := map[string]bool{}
	for i, name := range c.Names {
		checkName(&errs, "input.names."+strconv.Itoa(i), name, seen)
	}
	return errs.Err()
}

// Delete takes properties away (authority Application_UPDATE) and gives the names that were set, in the order of the
// command. Errors: INVALID, NOT_FOUND, NOT_ALLOWED.
func (s *Service) Delete(ctx context.Context, cmd Delete) ([]string, error) {
	if err := cmd.Validate(); err != nil {
		return nil, err
	}
	target := targetOf(ctx, cmd.Application, cmd.Client, cmd.Names)
	var gone []string
	err := s.db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
		found, err := s.permitted(ctx, target)
		if err != nil {
			return err
		}
		w := writer{s: s, target: target, found: found, operation: "applicationPropertiesDelete"}
		gone = []string{}
		for _, name := range cmd.Names {
			if row := found.properties[name]; row != nil {
				gone = append(gone, name)
				row.UpdatedAt = clock.Now()
				w.gone = append(w.gone, row)
				w.note(row, nil)
			}
		}
		return w.finish(ctx)
	})
	return gone, err
}
