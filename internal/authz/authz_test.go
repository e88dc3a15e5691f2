package authz_test

import (
	"testing"
	"time"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

var (
	now            = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	owner, partner = oid.New[oid.Client](), oid.New[oid.Client]()
)

// domain 4.5, 5.1: the owner writes without a row; a grant counts while it is in force; BARRED denies.
func TestAccess(t *testing.T) {
	past, later := now.Add(-time.Microsecond), now.Add(time.Microsecond)
	for name, c := range map[string]struct {
		client oid.Client
		grant  *authz.Grant
		want   enum.AccessLevel
	}{
		"owner":                   {owner, nil, enum.LevelWrite},
		"stranger":                {partner, nil, ""},
		"reader":                  {partner, &authz.Grant{Level: enum.LevelRead}, enum.LevelRead},
		"writer":                  {partner, &authz.Grant{Level: enum.LevelWrite}, enum.LevelWrite},
		"barred":                  {partner, &authz.Grant{Level: enum.LevelBarred}, ""},
		"expired":                 {partner, &authz.Grant{Level: enum.LevelWrite, ExpiresAt: &past}, ""},
		"expiring this instant":   {partner, &authz.Grant{Level: enum.LevelWrite, ExpiresAt: &now}, ""},
		"still for a microsecond": {partner, &authz.Grant{Level: enum.LevelWrite, ExpiresAt: &later}, enum.LevelWrite},
	} {
		t.Run(name, func(t *testing.T) {
			if got := authz.Access(owner, c.client, c.grant, now); got != c.want {
				t.Errorf("access is %q, want %q", got, c.want)
			}
		})
	}
}

// domain 4.4: who updates, and who changes the access type, is decided on the stored row.
func TestUpdate(t *testing.T) {
	own := authz.Application{Owner: owner, Creator: partner, AccessType: enum.AccessOwn}
	explicit := authz.Application{Owner: owner, Creator: partner, AccessType: enum.AccessExplicit}
	ruler := authz.Caller{Client: owner, Rules: true, Access: enum.LevelWrite}
	creator := authz.Caller{Client: partner, Access: enum.LevelWrite}
	for name, c := range map[string]struct {
		caller        authz.Caller
		app           authz.Application
		update        bool
		any, explicit bool // change of the access type to these
	}{
		"owner, OWN":                    {ruler, own, true, true, false},
		"owner, EXPLICIT":               {ruler, explicit, true, true, true},
		"writer who created it, OWN":    {creator, own, false, false, false},
		"creator, EXPLICIT":             {creator, explicit, true, false, true},
		"creator without write access":  {authz.Caller{Client: partner, Access: enum.LevelRead}, explicit, false, false, true},
		"writer who is not the creator": {authz.Caller{Client: oid.New[oid.Client](), Access: enum.LevelWrite}, explicit, false, false, true},
		"stranger":                      {authz.Caller{Client: oid.New[oid.Client]()}, explicit, false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := authz.MayUpdate(c.caller, c.app); got != c.update {
				t.Errorf("MayUpdate = %v", got)
			}
			if got := authz.MayChangeAccessType(c.caller, c.app, enum.AccessAny); got != c.any {
				t.Errorf("MayChangeAccessType to ANY = %v", got)
			}
			if got := authz.MayChangeAccessType(c.caller, c.app, enum.AccessExplicit); got != c.explicit {
				t.Errorf("MayChangeAccessType to EXPLICIT = %v", got)
			}
		})
	}
}

// domain 6.4: the target must have access; the owner sets for any, a writer for itself and those below.
func TestSetProperties(t *testing.T) {
	ruler := authz.Caller{Client: owner, Rules: true}
	writer := authz.Caller{Client: partner, Access: enum.LevelWrite}
	reader := authz.Caller{Client: partner, Access: enum.LevelRead}
	for name, c := range map[string]struct {
		caller  authz.Caller
		target  enum.AccessLevel
		inScope bool
		want    bool
	}{
		"owner for a reader":              {ruler, enum.LevelRead, false, true},
		"owner for one without access":    {ruler, "", true, false},
		"writer for itself":               {writer, enum.LevelWrite, true, true},
		"writer for a client below":       {writer, enum.LevelRead, true, true},
		"writer for a stranger":           {writer, enum.LevelRead, false, false},
		"writer for one below, no access": {writer, "", true, false},
		"reader for itself":               {reader, enum.LevelRead, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := authz.MaySetProperties(c.caller, c.target, c.inScope); got != c.want {
				t.Errorf("MaySetProperties = %v, want %v", got, c.want)
			}
		})
	}
}
