package claim

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/claimedname"
	"github.com/appanage/appanage/internal/apperr"
)

// subDomains marks the names of Applications that were claimed to be sub-domains: never to be codes.
const subDomains = "sub-domain/"

// SubDomain claims a name as a sub-domain, among the codes of applications (domain 7.1): RESERVED or TAKEN at the path
// where it is, or was, one of them. A name that has been a sub-domain before may be one again: which client has it now,
// the unique key of proven origins says.
func SubDomain(ctx context.Context, tx *ent.Client, name, path string) error {
	if Applications.Reserved(name) {
		return apperr.At(path, apperr.Reserved, "the name %q is kept by the platform", name)
	}
	fresh, err := insert(ctx, tx, Applications, name)
	if err != nil {
		return err
	}
	if !fresh {
		return again(ctx, tx, name, path)
	}
	return mark(ctx, tx, subDomains+name)
}

// again: rows are never deleted, and who claims one as a sub-domain writes both in one transaction. So the mark is there
// for good, or never will be.
func again(ctx context.Context, tx *ent.Client, name, path string) error {
	was, err := tx.ClaimedName.Query().Where(claimedname.ID(subDomains + name)).Exist(asPlatform(ctx))
	if err != nil {
		return fmt.Errorf("claim: read a sub-domain: %w", err)
	}
	if !was {
		return apperr.At(path, apperr.Taken, "the name %q was given out as the code of an application", name)
	}
	return nil
}
