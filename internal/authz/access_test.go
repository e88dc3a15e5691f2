package authz_test

import (
	"testing"
	"time"

	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// domain 5.3: what is lent ends with its giver's write access at the latest, and sleeps while there is none.
func TestEndOfLent(t *testing.T) {
	early, late := now.Add(time.Hour), now.Add(2*time.Hour)
	write := func(until *time.Time) *authz.Grant {
		return &authz.Grant{Level: enum.LevelWrite, ExpiresAt: until}
	}
	for name, c := range map[string]struct {
		until *time.Time
		giver *authz.Grant
		want  *time.Time
		moved bool
	}{
		"for good, of one for good":      {nil, write(nil), nil, false},
		"for good, of one that ends":     {nil, write(&early), &early, false},
		"until before its giver's":       {&early, write(&late), &early, false},
		"until after its giver's":        {&late, write(&early), &early, false},
		"until, of one for good":         {&late, write(nil), &late, false},
		"of one who reads":               {&late, &authz.Grant{Level: enum.LevelRead}, &authz.Asleep, false},
		"of one who is barred":           {nil, &authz.Grant{Level: enum.LevelBarred}, &authz.Asleep, false},
		"of one who has nothing":         {nil, nil, &authz.Asleep, false},
		"to one who moved from under it": {&late, write(nil), &authz.Asleep, true},
	} {
		got := authz.EndOfLent(c.until, c.giver, !c.moved)
		if (got == nil) != (c.want == nil) || got != nil && !got.Equal(*c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if end := authz.EndOfLent(nil, nil, true); end == &authz.Asleep {
		t.Error("whoever gets the end can move it for all")
	}
}

// domain 5.5: the level, and of several reasons against it the innermost.
func TestEffective(t *testing.T) {
	past, later := now.Add(-time.Hour), now.Add(time.Hour)
	asleep := authz.Asleep
	lent := &authz.Grant{Level: enum.LevelRead, ExpiresAt: &asleep, Lent: true}
	for name, c := range map[string]struct {
		s      authz.Standing
		grant  *authz.Grant
		level  enum.AccessLevel
		reason enum.AccessReason
	}{
		"the owner":                          {authz.Standing{Client: owner}, nil, enum.LevelWrite, enum.ReasonOwner},
		"the owner, archived":                {authz.Standing{Client: owner, Archived: true}, nil, "", enum.ReasonArchived},
		"the owner, suspended":               {authz.Standing{Client: owner, Suspended: true}, nil, "", enum.ReasonSuspended},
		"the owner, both":                    {authz.Standing{Client: owner, Archived: true, Suspended: true}, nil, "", enum.ReasonArchived},
		"nothing":                            {authz.Standing{Client: partner}, nil, "", enum.ReasonNone},
		"nothing, archived and suspended":    {authz.Standing{Client: partner, Archived: true, Suspended: true}, nil, "", enum.ReasonNone},
		"a grant":                            {authz.Standing{Client: partner}, &authz.Grant{Level: enum.LevelRead, ExpiresAt: &later}, enum.LevelRead, enum.ReasonGrant},
		"a grant, suspended":                 {authz.Standing{Client: partner, Suspended: true}, &authz.Grant{Level: enum.LevelWrite}, "", enum.ReasonSuspended},
		"a bar":                              {authz.Standing{Client: partner}, &authz.Grant{Level: enum.LevelBarred}, "", enum.ReasonBarred},
		"expired":                            {authz.Standing{Client: partner, Archived: true}, &authz.Grant{Level: enum.LevelRead, ExpiresAt: &past}, "", enum.ReasonExpired},
		"asleep":                             {authz.Standing{Client: partner}, lent, "", enum.ReasonSleeping},
		"asleep, and to the end of its time": {authz.Standing{Client: partner}, &authz.Grant{Level: enum.LevelRead, ExpiresAt: &asleep, Lent: true, LentUntil: &past}, "", enum.ReasonExpired},
		"lent, and awake":                    {authz.Standing{Client: partner}, &authz.Grant{Level: enum.LevelRead, Lent: true, LentUntil: &later}, enum.LevelRead, enum.ReasonGrant},
	} {
		c.s.Owner = owner
		if level, reason := authz.Effective(c.s, c.grant, now); level != c.level || reason != c.reason {
			t.Errorf("%s: %q, %s; want %q, %s", name, level, reason, c.level, c.reason)
		}
	}
}

// domain 5.3, decision by decision, as DefaultRules has them.
func TestRulesOfAccess(t *testing.T) {
	rules, below, other := authz.DefaultRules(), oid.New[oid.Client](), oid.New[oid.Client]()
	app := authz.Application{Owner: owner, Creator: owner, AccessType: enum.AccessOwn, Status: enum.ApplicationActive}
	archived, anybodys := app, app
	archived.Status, anybodys.AccessType = enum.ApplicationArchived, enum.AccessAny
	ruler := authz.Caller{Client: owner, Rules: true, Access: enum.LevelWrite}
	writer, reader := authz.Caller{Client: partner, Access: enum.LevelWrite}, authz.Caller{Client: partner, Access: enum.LevelRead}
	to, self := authz.Grantee{Client: below, InScope: true}, authz.Grantee{Client: partner, InScope: true}
	read := authz.Loan{To: to, Level: enum.LevelRead}
	stored := func(g authz.Given) authz.Loan { return authz.Loan{To: to, Level: enum.LevelRead, Stored: &g} }
	for name, c := range map[string]struct{ got, want bool }{
		"the owner gives in scope":           {rules.Grants(ruler, to), true},
		"the owner gives in its base":        {rules.Grants(ruler, authz.Grantee{Client: other, InBase: true}), true},
		"the owner gives elsewhere":          {rules.Grants(ruler, authz.Grantee{Client: other}), false},
		"a writer gives as the owner does":   {rules.Grants(writer, to), false},
		"a writer lends":                     {rules.Lends(writer, app, read), true},
		"a reader lends":                     {rules.Lends(reader, app, read), false},
		"a writer lends what is archived":    {rules.Lends(writer, archived, read), false},
		"something is added to it":           {rules.Grows(enum.ApplicationActive), true},
		"something is added, archived":       {rules.Grows(enum.ApplicationArchived), false},
		"the owner gives, archived":          {authz.MayGrant(ruler, archived), true}, // he bars
		"a writer lends to itself":           {rules.Lends(writer, app, authz.Loan{To: self, Level: enum.LevelRead}), false},
		"a writer lends out of scope":        {rules.Lends(writer, app, authz.Loan{To: authz.Grantee{Client: other, InBase: true}, Level: enum.LevelRead}), false},
		"a writer lends WRITE":               {rules.Lends(writer, app, authz.Loan{To: to, Level: enum.LevelWrite}), false},
		"a writer bars":                      {rules.Lends(writer, app, authz.Loan{To: to, Level: enum.LevelBarred}), false},
		"a writer has it embedded":           {rules.Lends(writer, app, authz.Loan{To: to, Level: enum.LevelRead, Embeddable: true}), false},
		"a writer changes what it lent":      {rules.Lends(writer, app, stored(authz.Given{Lent: true, Giver: partner})), true},
		"a writer changes what others lent":  {rules.Lends(writer, app, stored(authz.Given{Lent: true, Giver: other})), false},
		"a writer changes what it once gave": {rules.Lends(writer, app, stored(authz.Given{Giver: partner})), false},
		"one takes":                          {rules.Takes(authz.Taking{Application: anybodys, OwnerManages: true}), true},
		"one takes what is OWN":              {rules.Takes(authz.Taking{Application: app, OwnerManages: true}), false},
		"one takes of no manager":            {rules.Takes(authz.Taking{Application: anybodys}), false},
		"one takes what one is barred from":  {rules.Takes(authz.Taking{Application: anybodys, OwnerManages: true, Barred: true}), false},
		"the owner takes away":               {rules.Revokes(ruler, authz.Given{Client: below, Level: enum.LevelBarred}), true},
		"a giver takes away":                 {rules.Revokes(reader, authz.Given{Client: below, Level: enum.LevelRead, GiverInScope: true}), true},
		"a giver lifts a bar":                {rules.Revokes(reader, authz.Given{Client: below, Level: enum.LevelBarred, GiverInScope: true}), false},
		"a client gives back":                {rules.Revokes(reader, authz.Given{Client: partner, Level: enum.LevelWrite}), true},
		"a client lifts its bar":             {rules.Revokes(reader, authz.Given{Client: partner, Level: enum.LevelBarred}), false},
		"one takes away another's":           {rules.Revokes(reader, authz.Given{Client: below, Level: enum.LevelRead}), false},
	} {
		if c.got != c.want {
			t.Errorf("%s: %t", name, c.got)
		}
	}
}
