package apitest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/appanage/appanage/ent/migrate"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// estate is the world of the mutation tests: SYSTEM over P over C over G, and S beside P, each with a user who holds
// everything built in.
type estate struct {
	*hubtest.Hub
	t            testing.TB
	p, c, g, s   oid.Client
	paula, carl  string // tokens of P's and C's user
	gina, stan   string // of G's and S's
	root         string // of a user of SYSTEM
	paulaID      oid.User
	carlID       oid.User
	app, foreign oid.Application // of P, OWN; of S
	readable     oid.Application // of P, OWN, with READ for C
	written      oid.Application // of P, OWN, with WRITE for C
	any          oid.Application // of P, ANY, with WRITE for C

	known atomic.Pointer[map[string]string] // the state, as long as nothing was sent since it was read
}

func newEstate(t testing.TB, h *hubtest.Hub) *estate {
	t.Helper()
	e := &estate{Hub: h, t: t}
	e.p, e.s = h.Client(oid.SystemClient, "PARTNER", true), h.Client(oid.SystemClient, "STRANGER", true)
	e.c = h.Client(e.p, "CHILD", false)
	e.g = h.Client(e.c, "GRAND", false)
	platform, owner := authority.BuiltInPackage("PLATFORM"), authority.BuiltInRole("Owner")
	h.Give(platform, e.p, oid.SystemClient)
	h.Give(platform, e.s, oid.SystemClient)
	h.Give(platform, e.c, e.p)
	h.Give(platform, e.g, e.c)
	e.paulaID, e.paula = h.User(e.p, "paula", owner)
	e.carlID, e.carl = h.User(e.c, "carl", owner)
	_, e.gina = h.User(e.g, "gina", owner)
	_, e.stan = h.User(e.s, "stan", owner)
	_, e.root = h.User(oid.SystemClient, "root", owner)
	e.app, e.foreign = h.Application(e.p, "shop-one", "Shop"), h.Application(e.s, "strange", "Strange")
	e.readable, e.any = h.Application(e.p, "readable", "Readable"), h.Application(e.p, "anybodys", "Anybody's")
	h.Must(h.Ent().Application.UpdateOneID(e.any).SetAccessType(enum.AccessAny).Exec(h.System()))
	e.written = h.Application(e.p, "written", "Written")
	e.grant(e.readable, e.c, enum.LevelRead)
	e.grant(e.written, e.c, enum.LevelWrite)
	e.grant(e.any, e.c, enum.LevelWrite)
	return e
}

func (e *estate) grant(app oid.Application, to oid.Client, level enum.AccessLevel) oid.AccessGrant {
	e.t.Helper()
	grant := oid.New[oid.AccessGrant]()
	e.Must(e.Ent().AccessGrant.Create().SetID(grant).SetClientID(to).SetApplicationID(app).SetLevel(level).SetGiverID(e.p).Exec(e.System()))
	return grant
}

// input is a mutation's input.
type input map[string]any

// userError is one error of a payload.
type userError struct {
	Code, Message  string
	Path           []string
	CurrentVersion *int
}

// payload is what any of the mutations answers.
type payload struct {
	Application *struct {
		ID, Code, Name, AccessType string
		ThumbnailURL               *string
		Version                    int
		Client, Creator            *struct{ Code string }
		ViewerCan                  []string
	}
	Properties []struct {
		ID, Name, Value string
		Public          bool
		Version         int
	}
	Names []string
	Token *string
	// of a removal
	ApplicationID *string
	Counts        []removalCount
	Session       *struct{ ID string }
	SessionID     *string
	Client        *clientShown
	ClientID      *string
	// of invitations
	Invitation               *struct{ ID, Email, Status string }
	InvitationID, ClientCode *string
	// of users and memberships
	User                 *userShown
	UserID, MembershipID *string
	Errors               []userError
}

// selections of the mutations' payloads.
var selections = map[string]string{
	"applicationCreate":           "application { id code name accessType thumbnailUrl version viewerCan client { code } creator { code } }",
	"applicationUpdate":           "application { id code name accessType thumbnailUrl version viewerCan client { code } creator { code } }",
	"applicationRemove":           "applicationId counts { kind count expiring }",
	"applicationPropertiesSet":    "application { id code } properties { id name value public version }",
	"applicationPropertiesDelete": "application { id code } names",
	"sessionCreate":               "token session { id }",
	"invitationAccept":            "clientCode",
	"invitationCreate":            "invitation { id email status }",
	"invitationDecline":           "__typename",
	"invitationDelete":            "invitationId",
	"passwordResetRequest":        "__typename",
	"passwordSet":                 "__typename",
	"sessionDelete":               "sessionId",
	"clientCreate":                selectClient,
	"clientUpdate":                selectClient,
	"clientSuspend":               selectClient,
	"clientResume":                selectClient,
	"clientMove":                  selectClient,
	"clientDelete":                "clientId",
	"userPasswordReset":           "user { id }",
}

func mutation(name string) string {
	return "mutation($input: " + strings.ToUpper(name[:1]) + name[1:] + "Input!) { " + name + "(input: $input) { " + selections[name] + " errors { code message path currentVersion } } }"
}

// raw sends a mutation and gives the whole answer.
func (e *estate) raw(token, name string, in input) hubtest.Answer {
	e.t.Helper()
	e.known.Store(nil)
	return e.Do(token, mutation(name), hubtest.Variables{"input": in})
}

// do sends a mutation and gives its payload, which must have come.
func (e *estate) do(token, name string, in input) payload {
	e.t.Helper()
	a := e.raw(token, name, in)
	var data map[string]*payload
	if err := json.Unmarshal(a.Data, &data); err != nil || data[name] == nil || len(a.Errors) > 0 {
		e.t.Fatalf("%s %v: %d %s", name, in, a.Status, a.Body)
	}
	return *data[name]
}

// succeeds is do, without errors in the payload.
func (e *estate) succeeds(token, name string, in input) payload {
	e.t.Helper()
	p := e.do(token, name, in)
	if len(p.Errors) > 0 {
		e.t.Fatalf("%s %v: %+v", name, in, p.Errors)
	}
	return p
}

// fails expects exactly these errors, each "CODE at path", nothing else in the payload, and every table as it was.
func (e *estate) fails(t testing.TB, token, name string, in input, want ...string) payload {
	t.Helper()
	before := e.before()
	p := e.do(token, name, in)
	var got []string
	for _, u := range p.Errors {
		got = append(got, u.Code+" at "+strings.Join(u.Path, "."))
		if u.Message == "" || strings.Contains(u.Message, "SQL") {
			t.Errorf("%s %.200v says %q", name, in, u.Message)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s %.200v\ngot  %v\nwant %v", name, in, got, want)
	}
	if p.Application != nil || len(p.Properties) > 0 || p.Session != nil || p.Token != nil || p.SessionID != nil || p.User != nil || p.UserID != nil || p.MembershipID != nil || p.Client != nil || p.ClientID != nil || p.ApplicationID != nil || len(p.Counts) > 0 {
		t.Errorf("%s %.200v fails, and yet gives %+v", name, in, p)
	}
	e.unchanged(t, before, name, in)
	return p
}

// refuses expects the request to be refused as a whole: this status, this code, no data, and every table as it was.
func (e *estate) refuses(t testing.TB, token, name string, in any, status int, code string) {
	t.Helper()
	before := e.before()
	a := e.Do(token, mutation(name), hubtest.Variables{"input": in})
	if a.Status != status || a.Data != nil || len(a.Errors) == 0 || a.Errors[0].Code() != code || a.Errors[0].Message == "" {
		t.Errorf("%s %v: %d %s", name, in, a.Status, a.Body)
	}
	e.unchanged(t, before, name, in)
}

// state is a checksum of all rows of each table.
func (e *estate) state() map[string]string {
	e.t.Helper()
	sums := map[string]string{}
	for _, table := range migrate.Tables {
		rows := query(e.t, e.Hub, "SELECT * FROM "+table.Name)
		lines := make([]string, len(rows))
		for i, r := range rows {
			lines[i] = fmt.Sprint(map[string]any(r))
		}
		slices.Sort(lines)
		sums[table.Name] = fmt.Sprintf("%d rows, %x", len(rows), sha256.Sum256([]byte(strings.Join(lines, "\n"))))
	}
	return sums
}

// before is the state, which need not be read again after a refusal that left it unchanged.
func (e *estate) before() map[string]string {
	if known := e.known.Load(); known != nil {
		return *known
	}
	return e.state()
}

func (e *estate) unchanged(t testing.TB, before map[string]string, what ...any) {
	t.Helper()
	after := e.state()
	e.known.Store(&after)
	if reflect.DeepEqual(before, after) {
		return
	}
	for table := range after {
		if before[table] != after[table] {
			t.Errorf("%.200v: %s changed", what, table)
		}
	}
}

// count is the number of rows of a table under a condition.
func (e *estate) count(table, where string, args ...any) int {
	e.t.Helper()
	return int(query(e.t, e.Hub, "SELECT COUNT(*) AS n FROM "+table+" WHERE "+where, args...)[0]["n"].(int64))
}

// column is one value of one row, as text.
func (e *estate) column(table string, id any, column string) string {
	e.t.Helper()
	rows := query(e.t, e.Hub, "SELECT "+column+" AS v FROM "+table+" WHERE id = ?", id)
	if len(rows) != 1 {
		e.t.Fatalf("%d rows of %s have the id %v", len(rows), table, id)
	}
	return fmt.Sprint(rows[0]["v"])
}

// exec changes rows behind the hub's back, as another node would.
func (e *estate) exec(statement string, args ...any) {
	e.t.Helper()
	e.known.Store(nil)
	if _, err := e.DB.Exec(e.System(), statement, args...); err != nil {
		e.t.Fatalf("%v\n%s", err, statement)
	}
}
