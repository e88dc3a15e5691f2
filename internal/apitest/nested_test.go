package apitest

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// fragments are all scalars of the kinds, by short names.
var fragments = map[string]string{
	"C":    "Client { id code name type status isolated locale timeZone currency createdAt updatedAt version }",
	"A":    "Application { id code name type accessType status thumbnailUrl viewerCan createdAt updatedAt version }",
	"G":    "AccessGrant { id level expiresAt reason createdAt updatedAt version }",
	"Prop": "ApplicationProperty { id name value public createdAt updatedAt version }",
	"Url":  "ClientUrl { id origin status provenAt createdAt updatedAt version }",
	"Pkg":  "Package { id code name description base builtIn createdAt updatedAt version }",
	"R":    "Role { id name description builtIn createdAt updatedAt version }",
	"Perm": "Permission { id authority description builtIn createdAt updatedAt version }",
	"U":    "User { id name userName email emailProven phone phoneProven status locale createdAt updatedAt version }",
	"M":    "Membership { id home createdAt updatedAt version }",
	"S":    "Session { id device lastUsedAt expiresAt createdAt updatedAt version }",
	"PI":   "PageInfo { hasNextPage hasPreviousPage startCursor endCursor }",
}

// complete adds the fragments that a query spreads.
func complete(query string) string {
	for _, short := range slices.Sorted(maps.Keys(fragments)) {
		if regexp.MustCompile(`\.\.\.` + short + `\b`).MatchString(query) {
			query += "\nfragment " + short + " on " + fragments[short]
		}
	}
	return query
}

// forwards: the four levels of design 4 (applications, packages, roles, permissions), each edge twice with other
// arguments. An edge's own name is one of the two: the API lets 30 aliases pass.
const forwards = `query($search: String) {
  applications(first: 50, orderBy: {field: NAME}) {
    totalCount
    pageInfo { ...PI }
    edges { cursor node {
      ...A
      client { ...C }
      owner: client { __typename code }
      creator { code manager { id name status } }
      urls(first: 2) { nodes { ...Url client { code } } pageInfo { ...PI } }
      proven: urls(last: 3, filter: {status: PROVEN}, orderBy: {field: ORIGIN, direction: DESC}) { edges { cursor node { ...Url } } totalCount }
      properties(first: 5) { nodes { ...Prop client { id } } pageInfo { ...PI } }
      publics: properties(last: 2, filter: {public: true, search: "p_1"}, orderBy: {field: NAME}) { totalCount edges { cursor node { ...Prop } } }
      packages(first: 2, orderBy: {field: NAME, direction: DESC}) {
        totalCount
        pageInfo { ...PI }
        edges { cursor node {
          ...Pkg
          roles(first: 2, orderBy: {field: NAME}) { totalCount edges { cursor node {
            ...R
            permissions(first: 2) { totalCount pageInfo { hasNextPage } nodes { ...Perm application { code } } }
            lastOf: permissions(last: 2, orderBy: {field: AUTHORITY, direction: DESC}) { edges { cursor node { id authority } } }
          } } }
          found: roles(last: 1, filter: {search: $search}) { totalCount pageInfo { hasPreviousPage } nodes { ...R
            permissions(last: 1, orderBy: {field: AUTHORITY}) { nodes { id } }
            fixed: permissions(first: 3, filter: {builtIn: true}) { totalCount nodes { authority } }
          } }
        } }
      }
      found: packages(first: 1, filter: {search: $search}) {
        totalCount
        nodes { ...Pkg
          roles(first: 0) { totalCount pageInfo { ...PI } nodes { id } }
          own: roles(last: 2, filter: {builtIn: false, within: MY_CLIENT}, orderBy: {field: NAME, direction: DESC}) { edges { cursor node { id
            permissions { nodes { id client { code } } }
            none: permissions(last: 0) { totalCount pageInfo { ...PI } edges { cursor } }
          } } }
        }
      }
    } }
  }
}`

// backwards walks the same edges from the end, between cursors that stand in the middle of all lists.
const backwards = `query($app: String, $role: String, $pkg: String, $perm: String) {
  applications(last: 50, before: $app, orderBy: {field: NAME}) {
    totalCount
    pageInfo { ...PI }
    nodes {
      code
      client { name }
      owner: client { id applications(last: 1) { totalCount nodes { code } } }
      urls(last: 1) { nodes { ...Url } pageInfo { ...PI } }
      byOrigin: urls(last: 2, orderBy: {field: ORIGIN}) { edges { cursor node { origin client { id } } } }
      properties(last: 5) { nodes { ...Prop } pageInfo { ...PI } }
      byName: properties(first: 1, orderBy: {field: NAME, direction: DESC}) { totalCount edges { cursor node { name } } }
      packages(last: 1, after: $pkg, orderBy: {field: NAME, direction: DESC}) { totalCount pageInfo { ...PI } nodes {
        id
        roles(last: 2, before: $role, orderBy: {field: NAME}) { totalCount pageInfo { ...PI } nodes { id
          permissions(last: 2, before: $perm, orderBy: {field: AUTHORITY, direction: DESC}) { totalCount pageInfo { ...PI } nodes { id } }
          forward: permissions(first: 2, after: $perm, orderBy: {field: AUTHORITY, direction: DESC}) { pageInfo { ...PI } nodes { id } }
        } }
        forward: roles(first: 2, after: $role, orderBy: {field: NAME}) { pageInfo { ...PI } nodes { id } }
      } }
      between: packages(first: 3, before: $pkg, orderBy: {field: NAME, direction: DESC}) { pageInfo { ...PI } nodes { code
        roles(last: 1) { nodes { name permissions(last: 1) { nodes { authority } } } }
      } }
    }
  }
}`

func applicationsAgreeWithPlainSQL(t *testing.T, h *hubtest.Hub, w *portfolio) {
	o := newOracle(t, h, w.who)
	a := o.agrees(t, w.token, complete(forwards), hubtest.Variables{"search": "sho"})
	b := o.agrees(t, w.token, complete(backwards), hubtest.Variables{
		"app":  o.cursors.last("Application name_key ASC map[]"),
		"role": o.cursors.middle("Role name_key ASC map[]"),
		"pkg":  o.cursors.middle("Package name_key DESC map[]"),
		"perm": o.cursors.middle("Permission authority DESC map[]"),
	})
	rich(t, string(a.Data)+string(b.Data), map[string]int{
		`"code":"app-`: 95, `"authority":`: 200, `"origin":`: 100, `"value":`: 200, `"nodes":[]`: 50, `"edges":[]`: 10, `"thumbnailUrl":null`: 10,
		`"manager":null`: 1, `"status":null`: 1, `"hasNextPage":true`: 20, `"hasPreviousPage":true`: 20, "🦊": 20, `\u0001`: 5, "\u2028": 5, `\"`: 20,
	})
}

// rich fails where an answer does not hold enough of what makes it a test.
func rich(t *testing.T, answer string, least map[string]int) {
	t.Helper()
	for part, n := range least {
		if got := strings.Count(answer, part); got < n {
			t.Errorf("%d times %s in the answer, at least %d make a good test", got, part, n)
		}
	}
}

// downwards: client, managed clients, applications, grants, each twice; and the same below the client above the
// caller's, which shows its code and name only (domain 0).
const downwards = `query($code: String, $search: String) {
  client(code: $code) {
    ...C
    manager { ...C }
    managedClients(first: 9, orderBy: {field: NAME}) {
      totalCount
      pageInfo { ...PI }
      edges { cursor node {
        ...C
        manager { code }
        managedClients { nodes { code } totalCount }
        applications(first: 2) { totalCount pageInfo { ...PI } edges { cursor node {
          ...A
          grants(first: 1, filter: {inForce: true}) { totalCount pageInfo { ...PI } nodes { ...G client { code } application { code } giver { ...C } givenBy { ...U } } }
          lapsed: grants(last: 2, filter: {inForce: false, level: READ}, orderBy: {field: CREATED_AT, direction: DESC}) { totalCount edges { cursor node { ...G } } }
        } } }
        archived: applications(last: 2, filter: {status: ARCHIVED}, orderBy: {field: CODE, direction: DESC}) { totalCount pageInfo { ...PI } nodes { code status grants { totalCount } } }
      } }
    }
    some: managedClients(last: 4, filter: {type: BUSINESS, status: ACTIVE, search: $search}, orderBy: {field: CODE, direction: DESC}) {
      totalCount
      nodes { code name
        applications(last: 1, orderBy: {field: NAME, direction: DESC}) { pageInfo { ...PI } nodes { name grants(last: 1) { nodes { ...G } } } }
        sites: applications(filter: {type: SITE, accessType: OWN}) { totalCount nodes { type accessType } }
      }
    }
    users(first: 3, orderBy: {field: NAME}) { totalCount nodes { ...U memberships(first: 2) { totalCount nodes { ...M roles(first: 1) { totalCount nodes { name } } } } sessions(last: 1) { nodes { ...S } } } }
    memberships(last: 3) { totalCount nodes { ...M user { ...U } sessions(filter: {live: true}) { totalCount } } }
    packages(last: 3) { totalCount nodes { ...Pkg } }
    ownedPackages(first: 2) { totalCount nodes { code clients(first: 2) { totalCount nodes { code } } } }
    roles(first: 2) { totalCount nodes { ...R subRoles(first: 1) { totalCount nodes { id } } superRoles(last: 1) { totalCount nodes { id } } packages { totalCount } memberships(first: 1) { totalCount nodes { id } } } }
    permissions(last: 2) { totalCount nodes { ...Perm roles(first: 1) { totalCount nodes { id } } } }
    urls(first: 2) { totalCount nodes { ...Url } }
    properties(last: 2) { totalCount nodes { ...Prop } }
    grants(first: 3, filter: {level: WRITE}) { totalCount nodes { ...G application { ...A client { ...C } } } }
  }
}`

func clientsAgreeWithPlainSQL(t *testing.T, h *hubtest.Hub, w *portfolio) {
	o := newOracle(t, h, w.who)
	answers := ""
	for _, code := range []string{"PARTNER", "SYSTEM", "STRANGER", "C998"} {
		answers += string(o.agrees(t, w.token, complete(downwards), hubtest.Variables{"code": code, "search": "SHO"}).Data)
	}
	rich(t, answers, map[string]int{`"level":`: 15, `"managedClients":null`: 2, `"nodes":[]`: 10, `"giver":{`: 5, `"givenBy":null`: 1, `"status":"ARCHIVED"`: 2, `"lastUsedAt":`: 1})
}
