package apitest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// accesses is the estate of the tests of access: K stands beside C below P.
type accesses struct {
	*estate
	k    oid.Client
	kate string
	own  oid.Application // of C, OWN
}

func newAccesses(t testing.TB, h *hubtest.Hub) accesses {
	t.Helper()
	e := accesses{estate: newEstate(t, h)}
	e.k = h.Client(e.p, "COUSIN", false)
	h.Give(authority.BuiltInPackage("PLATFORM"), e.k, e.p)
	_, e.kate = h.User(e.k, "kate", authority.BuiltInRole("Owner"))
	e.own = h.Application(e.c, "childs-own", "Child's own")
	return e
}

// grantShown is a grant as the API shows it.
type grantShown struct {
	ID, Level, Reason, ClientCode string
	ExpiresAt                     *string
	Sleeping, Embeddable          bool
	Version                       int
	Client, Application, Giver    *struct{ Code string }
	GivenBy                       *struct{ ID string }
}

const selectGrant = "id level reason clientCode expiresAt sleeping embeddable version client { code } application { code } giver { code } givenBy { id }"

// onGrant sends a mutation on grants to a server. It may run beside others: it fails no test.
func onGrant(h *hubtest.Hub, token, name string, in input) (grant *grantShown, id string, errs []userError, body string) {
	member, selection := "accessGrant", "accessGrant { "+selectGrant+" }"
	if name == "accessGrantRevoke" {
		member, selection = "accessGrantId", "accessGrantId"
	}
	doc := "mutation($input: " + strings.ToUpper(name[:1]) + name[1:] + "Input!) { " + name + "(input: $input) { " + selection + " errors { code message path currentVersion } } }"
	a := h.Do(token, doc, hubtest.Variables{"input": in})
	var data map[string]map[string]json.RawMessage
	if err := json.Unmarshal(a.Data, &data); err != nil || data[name] == nil || len(a.Errors) > 0 {
		return nil, "", []userError{{Code: "NO ANSWER"}}, string(a.Body)
	}
	if json.Unmarshal(data[name]["errors"], &errs) != nil {
		errs = []userError{{Code: "NO ERRORS"}}
	}
	if json.Unmarshal(data[name][member], &id) != nil && json.Unmarshal(data[name][member], &grant) == nil && grant != nil {
		id = grant.ID
	}
	return grant, id, errs, string(a.Body)
}

// yes sends a mutation on grants that must succeed.
func (e accesses) yes(token, name string, in input) grantShown {
	e.t.Helper()
	e.known.Store(nil)
	grant, id, errs, body := onGrant(e.Hub, token, name, in)
	if len(errs) > 0 || id == "" {
		e.t.Fatalf("%s %v: %s", name, in, body)
	}
	if grant == nil {
		return grantShown{ID: id}
	}
	return *grant
}

// no sends one that must be refused with exactly these errors, each "CODE at path", and change nothing. It gives what
// was said.
func (e accesses) no(t testing.TB, token, name string, in input, want ...string) string {
	t.Helper()
	before := e.before()
	_, id, errs, body := onGrant(e.Hub, token, name, in)
	var got, said []string
	for _, u := range errs {
		got = append(got, u.Code+" at "+strings.Join(u.Path, "."))
		said = append(said, u.Message)
	}
	if !slices.Equal(got, want) || id != "" {
		t.Errorf("%s %.200v\ngot  %v\nwant %v\n%s", name, in, got, want, body)
	}
	e.unchanged(t, before, name, in)
	return strings.Join(said, "\n")
}

// attack sends a mutation that is refused, and that another node takes which lacks one rule.
func (e accesses) attack(t testing.TB, weak *hubtest.Hub, token, name string, in input, want string) {
	t.Helper()
	e.no(t, token, name, in, want)
	if _, id, errs, body := onGrant(weak, token, name, in); id == "" || len(errs) > 0 {
		t.Errorf("%s %.200v is refused without its rule, too: %s", name, in, body)
	}
	e.known.Store(nil)
}

// drop takes all grants of a client on an application away, behind the hub's back.
func (e accesses) drop(app oid.Application, client oid.Client) {
	e.t.Helper()
	e.exec("DELETE FROM access_grants WHERE application_id = ? AND client_id = ?", app, client)
}

// has is the level of a client today, by what effectiveAccess says to SYSTEM.
func (e accesses) has(app oid.Application, client oid.Client) string {
	e.t.Helper()
	var data struct {
		EffectiveAccess *struct {
			Level  *string
			Reason string
		}
	}
	e.MustData(e.Do(e.root, `query($a: ID!, $c: ID!) { effectiveAccess(applicationId: $a, clientId: $c) { level reason } }`,
		hubtest.Variables{"a": app, "c": client}), &data)
	if data.EffectiveAccess == nil {
		return "null"
	}
	if data.EffectiveAccess.Level == nil {
		return data.EffectiveAccess.Reason
	}
	return *data.EffectiveAccess.Level + " " + data.EffectiveAccess.Reason
}

// later is an instant to come, as the API writes it.
func later(d time.Duration) string {
	return time.Now().UTC().Add(d).Format("2006-01-02T15:04:05.000000Z")
}

// grant gives access behind the hub's back.
func (e accesses) grant(app oid.Application, to oid.Client, level enum.AccessLevel) oid.AccessGrant {
	e.t.Helper()
	e.known.Store(nil)
	return e.estate.grant(app, to, level)
}

// access gives applications another access type.
func (e accesses) access(app oid.Application, to enum.AccessType) {
	e.t.Helper()
	e.Must(e.Ent().Application.UpdateOneID(app).SetAccessType(to).Exec(e.System()))
	e.known.Store(nil)
}
