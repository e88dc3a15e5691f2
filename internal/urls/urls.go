// Package urls binds the origins at which applications are reached, and finds what a URL leads to (domain 7).
package urls

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/accessgrant"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/origin"
	"github.com/appanage/appanage/internal/prove"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// Options say what of the internet is the platform's own. Hosts are in canonical form (origin.Host).
type Options struct {
	// PlatformHosts are where the platform's own pages are: a host, with its port where it is not the scheme's own.
	PlatformHosts []string
	// Suffixes are those of the platform's sub-domains, leading dot included.
	Suffixes []string
	// Production leaves out what is on localhost.
	Production bool
	// Proof says how hosts are proven.
	Proof prove.Options
}

// Service holds the commands on URLs. Each runs in one transaction, decides on the stored rows, and writes its audit
// events with the change.
type Service struct {
	db     *store.DB
	o      Options
	prover *prove.Prover
	rules  authz.Rules
}

// New makes the service.
func New(db *store.DB, o Options) *Service {
	return &Service{db: db, o: o, prover: prove.New(o.Proof), rules: authz.DefaultRules()}
}

// Under is the service under other rules.
func (s *Service) Under(rules authz.Rules) *Service {
	under := *s
	under.rules = rules
	return &under
}

// subDomainPattern: the names of sub-domains are those that codes of applications could be (domain 7.1).
var subDomainPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,61}[a-z0-9]$`)

// IsSubDomain tells whether a name can be that of a sub-domain.
func IsSubDomain(name string) bool { return subDomainPattern.MatchString(name) }

// Gives tells whether sub-domains below a suffix are the platform's to give: it is one of those that it is configured with.
func (s *Service) Gives(suffix string) bool { return slices.Contains(s.o.Suffixes, suffix) }

// place is what a host is to the platform.
type place struct {
	own  bool   // it is the platform's: its own pages, or a sub-domain of its suffixes
	home bool   // of these, the own pages
	name string // of a sub-domain: what stands before the suffix; deeper ones have dots in it
}

func (s *Service) place(at origin.Origin) place {
	if slices.Contains(s.o.PlatformHosts, at.Address()) {
		return place{own: true, home: true}
	}
	found, longest := place{}, 0
	for _, suffix := range s.o.Suffixes {
		name, under := strings.CutSuffix(at.Host, suffix)
		switch {
		case under && name != "" && len(suffix) > longest:
			found, longest = place{own: true, name: name}, len(suffix)
		case at.Host == suffix[1:]:
			return place{own: true}
		}
	}
	return found
}

// subDomain is the name of a host that a suffix gives one to: below it lies no other, and it has no port of its own.
func (p place) subDomain(at origin.Origin) (string, bool) {
	return p.name, p.name != "" && !strings.Contains(p.name, ".") && at.Port == ""
}

// lockClient reads a client in scope, the caller's own when none is named, and keeps it from going meanwhile. It is shared:
// who sets properties has an application first, and then the client by its foreign key.
func (s *Service) lockClient(ctx context.Context, tx *ent.Client, id oid.Client) (oid.Client, error) {
	if id == "" {
		id = actor.From(ctx).Client
	}
	_, err := tx.Tenant.Query().Where(tenant.ID(id), scope.Listed(ctx, "Tenant"), store.Shared).Only(ctx)
	if ent.IsNotFound(err) {
		return "", apperr.At("input.clientId", apperr.NotFound, "no such client")
	}
	if err != nil {
		return "", fmt.Errorf("urls: read the client: %w", err)
	}
	return id, nil
}

// lockApplication reads an application that the caller sees, its row locked.
func (s *Service) lockApplication(ctx context.Context, tx *ent.Client, id oid.Application) (*ent.Application, error) {
	row, err := store.ForUpdate(s.db, tx.Application.Query().Where(application.ID(id))).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, apperr.At("input.applicationId", apperr.NotFound, "no such application")
	}
	if err != nil {
		return nil, fmt.Errorf("urls: read the application: %w", err)
	}
	return row, nil
}

// hasAccess tells whether a client in scope has access to an application today.
func hasAccess(ctx context.Context, db *ent.Client, app *ent.Application, client oid.Client) (bool, error) {
	if app.ClientID == client {
		return true, nil
	}
	row, err := db.AccessGrant.Query().Where(accessgrant.ClientID(client), accessgrant.ApplicationID(app.ID)).Only(ctx)
	if ent.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("urls: read the grant: %w", err)
	}
	grant := &authz.Grant{Level: row.Level, ExpiresAt: row.ExpiresAt}
	return authz.Access(app.ClientID, client, grant, actor.From(ctx).Now()) != "", nil
}

// shown is what the trail says of a URL.
func shown(app oid.Application, at string, status enum.URLStatus) map[string]any {
	return map[string]any{"applicationId": app, "origin": at, "status": status}
}
