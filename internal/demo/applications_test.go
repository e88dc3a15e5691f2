package demo_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/claim"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

var validCode = regexp.MustCompile(`^[a-z][a-z0-9-]{0,61}[a-z0-9]$`)

func checkApplications(t *testing.T, w world) {
	had := map[any]int{}
	for _, a := range w.db.Ent().Application.Query().WithClient().WithCreator().WithGrants().AllX(system(t)) {
		if !validCode.MatchString(a.Code) || claim.Applications.Reserved(a.Code) {
			t.Errorf("code %q", a.Code)
		}
		had[a.AccessType]++
		had[a.Type]++
		had[a.Status]++
		creator := a.Edges.Creator
		if a.AccessType == enum.AccessExplicit && (creator.ManagerID == nil || *creator.ManagerID != a.ClientID) {
			t.Errorf("%s: EXPLICIT, and not owned by the creator's manager", a.Code)
		}
		if a.ClientID != a.CreatorID && !slices.ContainsFunc(a.Edges.Grants, func(g *ent.AccessGrant) bool {
			return g.ClientID == a.CreatorID && g.Level == enum.LevelWrite && g.Reason == "creator" && g.GiverID == a.ClientID
		}) {
			t.Errorf("%s: the creator has no WRITE grant", a.Code)
		}
	}
	for _, word := range []any{enum.AccessOwn, enum.AccessAny, enum.AccessExplicit, enum.ApplicationApp, enum.ApplicationSite,
		enum.ApplicationActive, enum.ApplicationArchived} {
		if had[word] == 0 {
			t.Errorf("no application is %v", word)
		}
	}
}

// manages tells whether a client is a proper ancestor of another.
func manages(t *testing.T, w world) func(above, below oid.Client) bool {
	paths := map[[2]oid.Client]int{}
	for _, p := range w.db.Ent().ClientPath.Query().AllX(system(t)) {
		paths[[2]oid.Client{p.TenantID, p.DescendantID}] = p.Depth
	}
	return func(above, below oid.Client) bool { return paths[[2]oid.Client{above, below}] > 0 }
}

// access gives the level of a client on an application with its grants loaded.
func access(a *ent.Application, client oid.Client) enum.AccessLevel {
	var held *authz.Grant
	for _, g := range a.Edges.Grants {
		if g.ClientID == client {
			held = &authz.Grant{Level: g.Level, ExpiresAt: g.ExpiresAt}
		}
	}
	return authz.Access(a.ClientID, client, held, time.Now())
}

// checkGrants: all levels, terms past and to come, lent and asleep, and nobody gave what domain 5.3 does not let him give.
func checkGrants(t *testing.T, w world) {
	above, had := manages(t, w), map[string]bool{}
	apps := w.db.Ent().Application.Query().WithGrants(func(q *ent.AccessGrantQuery) { q.WithClient().WithGiver() }).AllX(system(t))
	for _, a := range apps {
		for _, g := range a.Edges.Grants {
			held := &authz.Grant{Level: g.Level, ExpiresAt: g.ExpiresAt, Lent: g.Lent, LentUntil: g.LentUntil}
			had[string(g.Level)], had["taken"] = true, had["taken"] || g.GiverID == g.ClientID
			had["lent"] = had["lent"] || g.Lent && held.InForce(time.Now()) == enum.LevelRead
			had["sleeping"] = had["sleeping"] || held.Sleeps(time.Now())
			had["embeddable"] = had["embeddable"] || g.Embeddable
			if g.ExpiresAt != nil {
				had["past"] = had["past"] || g.ExpiresAt.Before(time.Now()) && !g.Lent
				had["to come"] = had["to come"] || g.ExpiresAt.After(time.Now())
			}
			rules := g.GiverID == oid.SystemClient || g.GiverID == a.ClientID || above(g.GiverID, a.ClientID)
			served := a.AccessType == enum.AccessAny && g.GiverID == g.ClientID && above(a.ClientID, g.ClientID)
			passed := g.Lent && g.Level == enum.LevelRead && (access(a, g.GiverID) == enum.LevelWrite || held.Sleeps(time.Now())) && above(g.GiverID, g.ClientID)
			if !rules && !(served || passed) || g.Level == enum.LevelBarred && !rules {
				t.Errorf("%s: %s may not give %s to %s", a.Code, g.Edges.Giver.Code, g.Level, g.Edges.Client.Code)
			}
			if g.Reason == "" || g.ClientID == a.ClientID {
				t.Errorf("%s: a grant for %s with the reason %q", a.Code, g.Edges.Client.Code, g.Reason)
			}
		}
	}
	for _, word := range []string{"READ", "WRITE", "BARRED", "past", "to come", "taken", "lent", "sleeping", "embeddable"} {
		if !had[word] {
			t.Errorf("no grant is %s", word)
		}
	}
}

func checkProperties(t *testing.T, w world) {
	had := map[string]bool{}
	for _, p := range w.db.Ent().ApplicationProperty.Query().WithApplication(func(q *ent.ApplicationQuery) { q.WithGrants() }).
		WithClient(func(q *ent.TenantQuery) { q.WithUrls() }).AllX(system(t)) {
		where := p.Edges.Application.Code + " for " + p.Edges.Client.Code + ": " + p.Name
		had[p.Name] = true
		if access(p.Edges.Application, p.ClientID) == "" {
			t.Errorf("%s is set for a client without access", where)
		}
		if p.Secret {
			had["a secret"] = true
			if p.Value != "" || p.Sealed == nil {
				t.Errorf("%s is secret, and not sealed", where)
			}
		}
		ok := true
		switch p.Name {
		case "REGISTRATION_TYPE":
			ok = slices.Contains([]string{"NONE", "INVITATION_CODE", "IMMEDIATE", "EMAIL_LINK", "OTP_EMAIL", "OTP_PHONE"}, p.Value)
		case "REGISTRATION_SIGN_IN":
			ok = p.Value == "true" || p.Value == "false"
		case "URL_SUFFIX":
			ok = strings.HasPrefix(p.Value, ".")
		case "URL":
			ok = slices.ContainsFunc(p.Edges.Client.Edges.Urls, func(u *ent.ClientURL) bool {
				return u.ApplicationID == p.ApplicationID && u.ProvenOrigin != nil && *u.ProvenOrigin == p.Value
			})
		}
		if !ok {
			t.Errorf("%s is %q", where, p.Value)
		}
	}
	for _, name := range []string{"REGISTRATION_TYPE", "REGISTRATION_SIGN_IN", "URL_SUFFIX", "URL", "THEME", "SUPPORT_EMAIL", "a secret"} {
		if !had[name] {
			t.Errorf("%s is set nowhere", name)
		}
	}
}

func checkURLs(t *testing.T, w world) {
	proven, pending := map[string]bool{}, 0
	for _, u := range w.db.Ent().ClientURL.Query().WithApplication(func(q *ent.ApplicationQuery) { q.WithGrants() }).AllX(system(t)) {
		if access(u.Edges.Application, u.ClientID) == "" {
			t.Errorf("%s: its client has no access", u.Origin)
		}
		if u.Status == enum.URLPending {
			pending++
			if u.ProvenOrigin != nil || u.ProvenAt != nil || u.Challenge == "" {
				t.Errorf("%s is pending, and proven or without a challenge", u.Origin)
			}
			continue
		}
		if u.ProvenOrigin == nil || *u.ProvenOrigin != u.Origin || u.ProvenAt == nil {
			t.Errorf("%s is proven without its proof", u.Origin)
		}
		if proven[u.Origin] {
			t.Errorf("%s is proven twice", u.Origin)
		}
		proven[u.Origin] = true
	}
	if len(proven) == 0 || pending == 0 {
		t.Errorf("%d URLs are proven, %d pending", len(proven), pending)
	}
}

// checkDependencies: one for each way to have the consent of domain 8.1, and one that broke.
func checkDependencies(t *testing.T, w world) {
	had := map[string]bool{}
	for _, d := range w.db.Ent().ApplicationDependency.Query().WithApplication().
		WithDependency(func(q *ent.ApplicationQuery) { q.WithGrants() }).AllX(system(t)) {
		by, on := d.Edges.Application, d.Edges.Dependency
		marked := slices.ContainsFunc(on.Edges.Grants, func(g *ent.AccessGrant) bool { return g.ClientID == by.ClientID && g.Embeddable })
		switch {
		case on.Status == enum.ApplicationArchived:
			had["archived"] = true
		case by.ClientID == on.ClientID:
			had["of one owner"] = true
		case access(on, by.ClientID) == "":
			t.Errorf("%s depends on %s, and its owner has no access", by.Code, on.Code)
		case on.AccessType == enum.AccessAny:
			had["ANY"] = true
		case marked:
			had["with consent"] = true
		default:
			t.Errorf("%s depends on %s without consent", by.Code, on.Code)
		}
	}
	for _, word := range []string{"archived", "of one owner", "ANY", "with consent"} {
		if !had[word] {
			t.Errorf("no dependency is %s", word)
		}
	}
}
