package apitest

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/tenancy"
	"github.com/appanage/appanage/internal/testkit/hubtest"
	"github.com/appanage/appanage/internal/testkit/treetest"
)

// clientShown is what the payloads of the mutations on clients show.
type clientShown struct {
	ID, Code, Name                                            string
	Type, Status, EffectiveStatus, Locale, TimeZone, Currency *string
	Isolated                                                  *bool
	Level, Version                                            *int
	Manager                                                   *struct{ Code string }
	Ancestors                                                 *struct{ TotalCount int }
}

const selectClient = "client { id code name type status effectiveStatus locale timeZone currency isolated level version manager { code } ancestors { totalCount } }"

func (c *clientShown) String() string {
	if c == nil {
		return "nothing"
	}
	manager, above := "", 0
	if c.Manager != nil {
		manager = c.Manager.Code
	}
	if c.Ancestors != nil {
		above = c.Ancestors.TotalCount
	}
	return fmt.Sprintf("%s %q %s %s %s isolated=%s %s %s %s level=%s of %s below %d v%s", c.Code, c.Name, show(c.Type), show(c.Status), show(c.EffectiveStatus),
		show(c.Isolated), show(c.Locale), show(c.TimeZone), show(c.Currency), show(c.Level), manager, above, show(c.Version))
}

func show[T any](v *T) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprint(*v)
}

// domain 1.2 to 1.4, 1.6: what a client is made of, below whom, and that whoever made it sees it at once.
func TestClientCreate(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		for _, c := range []struct {
			rule, token string
			in          input
			want, base  string
		}{
			{"1.4 below one's own", e.paula, input{"name": " Acme  Ltd "}, `ACMELTD "Acme  Ltd" BUSINESS ACTIVE ACTIVE isolated=false en UTC EUR level=2 of PARTNER below 2 v1`, "PARTNER"},
			{"1.4 below one in scope", e.paula, input{"name": "Deep", "code": "DEEP", "managerId": e.g}, `DEEP "Deep" BUSINESS ACTIVE ACTIVE isolated=false en UTC EUR level=4 of GRAND below 4 v1`, "PARTNER"},
			{"1.4 SYSTEM anywhere", e.root, input{"name": "Far", "managerId": e.s}, `FAR "Far" BUSINESS ACTIVE ACTIVE isolated=false en UTC EUR level=2 of STRANGER below 2 v1`, "STRANGER"},
			{"1.2 all there is to say", e.carl, input{"name": "Müller", "code": "mue1", "type": "INDIVIDUAL", "locale": "de-ch", "timeZone": "Europe/Zurich", "currency": "chf"},
				`MUE1 "Müller" INDIVIDUAL ACTIVE ACTIVE isolated=false de-CH Europe/Zurich CHF level=3 of CHILD below 3 v1`, "PARTNER"},
			{"1.6 isolated", e.carl, input{"name": "Own base", "isolated": true, "code": nil, "managerId": nil, "locale": nil}, `OWNBASE "Own base" BUSINESS ACTIVE ACTIVE isolated=true en UTC EUR level=3 of CHILD below 3 v1`, "OWNBASE"},
			{"1.2 sixteen characters", e.paula, input{"name": "x", "code": "A123456789012345"}, `A123456789012345 "x" BUSINESS ACTIVE ACTIVE isolated=false en UTC EUR level=2 of PARTNER below 2 v1`, "PARTNER"},
			{"1.3 no letters", e.paula, input{"name": "株式会社"}, `CLIENT "株式会社" BUSINESS ACTIVE ACTIVE isolated=false en UTC EUR level=2 of PARTNER below 2 v1`, "PARTNER"},
		} {
			t.Run(c.rule, func(t *testing.T) {
				made := e.succeeds(c.token, "clientCreate", c.in).Client
				if made.String() != c.want {
					t.Fatalf("got  %v\nwant %v", made, c.want)
				}
				if base := e.column("clients", e.column("clients", made.ID, "base_id"), "code"); base != c.base {
					t.Errorf("the base is %s", base)
				}
				if e.count("claimed_names", "id = ?", "client/"+made.Code) != 1 || e.count("package_gifts", "client_id = ?", made.ID) != 1 {
					t.Error("the code is not claimed, or the base package not given")
				}
				// at the next request too, and by his colleague's session within a second: domain 1.4
				if a := h.Do(c.token, `query($id: ID!) { client(id: $id) { status } }`, hubtest.Variables{"id": made.ID}); !strings.Contains(string(a.Body), "ACTIVE") {
					t.Errorf("the next request: %s", a.Body)
				}
				e.succeeds(c.token, "clientCreate", input{"name": "Below", "managerId": made.ID})
			})
		}
		e.sound(t)
	})
}

var clientCode = regexp.MustCompile(`^[A-Z][A-Z0-9]{1,15}$`)

// domain 1.1 to 1.4: what no client is made of, and below whom none is made. Nothing is written.
func TestClientCreateRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		deep := e.g
		for i := 3; i < tenancy.MaxDepth; i++ {
			deep = h.Client(deep, fmt.Sprintf("LEVEL%d", i+1), false)
		}
		long := strings.Repeat("ü", 129)
		may := func(name string, actions ...string) string {
			var held []oid.Permission
			for _, a := range actions {
				held = append(held, oid.BuiltIn[oid.Permission]("Client_"+a))
			}
			_, token := h.User(e.p, name, h.Role(e.p, nil, name, held...))
			return token
		}
		updater, creator := may("updater", "READ", "UPDATE"), may("creator", "READ", "CREATE", "DELETE")
		for rule, c := range map[string]struct {
			token string
			in    input
			want  []string
		}{
			"no name":                             {e.paula, input{"name": " "}, []string{"INVALID at input.name"}},
			"129 characters":                      {e.paula, input{"name": long}, []string{"INVALID at input.name"}},
			"two lines":                           {e.paula, input{"name": "a\nb"}, []string{"INVALID at input.name"}},
			"1.2 a code of one character":         {e.paula, input{"name": "x", "code": "A"}, []string{"INVALID at input.code"}},
			"1.2 a code of 17":                    {e.paula, input{"name": "x", "code": "A1234567890123456"}, []string{"INVALID at input.code"}},
			"1.2 a code that begins with a digit": {e.paula, input{"name": "x", "code": "1A"}, []string{"INVALID at input.code"}},
			"1.2 a code with a dash":              {e.paula, input{"name": "x", "code": "A-B"}, []string{"INVALID at input.code"}},
			"1.2 a code with an umlaut":           {e.paula, input{"name": "x", "code": "ÄB"}, []string{"INVALID at input.code"}},
			"1.2 a code in use":                   {e.paula, input{"name": "x", "code": "CHILD"}, []string{"TAKEN at input.code"}},
			"0 a code in use out of sight":        {e.paula, input{"name": "x", "code": "stranger"}, []string{"TAKEN at input.code"}},
			"1.1 SYSTEM":                          {e.root, input{"name": "x", "type": "SYSTEM"}, []string{"INVALID at input.type"}},
			"1.2 no locale":                       {e.paula, input{"name": "x", "locale": "not a locale"}, []string{"INVALID at input.locale"}},
			"1.2 no zone":                         {e.paula, input{"name": "x", "timeZone": "Mars/Olympus"}, []string{"INVALID at input.timeZone"}},
			"1.2 the server's zone":               {e.paula, input{"name": "x", "timeZone": "Local"}, []string{"INVALID at input.timeZone"}},
			"1.2 a path for a zone":               {e.paula, input{"name": "x", "timeZone": "../../etc/passwd"}, []string{"INVALID at input.timeZone"}},
			"1.2 no currency":                     {e.paula, input{"name": "x", "currency": "EURO"}, []string{"INVALID at input.currency"}},
			"all at once": {e.paula, input{"name": "", "code": "?", "type": "SYSTEM", "locale": "?", "timeZone": "?", "currency": "?"},
				[]string{"INVALID at input.name", "INVALID at input.code", "INVALID at input.type", "INVALID at input.locale", "INVALID at input.timeZone", "INVALID at input.currency"}},
			"1.4 below a stranger":        {e.paula, input{"name": "x", "managerId": e.s}, []string{"NOT_FOUND at input.managerId"}},
			"1.4 below one's manager":     {e.paula, input{"name": "x", "managerId": oid.SystemClient}, []string{"NOT_FOUND at input.managerId"}},
			"1.4 below one's manager too": {e.gina, input{"name": "x", "managerId": e.c}, []string{"NOT_FOUND at input.managerId"}},
			"1.4 below nobody":            {e.paula, input{"name": "x", "managerId": oid.New[oid.Client]()}, []string{"NOT_FOUND at input.managerId"}},
			"an application":              {e.paula, input{"name": "x", "managerId": e.app}, []string{"INVALID at input.managerId"}},
			"an empty id":                 {e.paula, input{"name": "x", "managerId": ""}, []string{"INVALID at input.managerId"}},
			"1.1 33 deep":                 {e.paula, input{"name": "x", "managerId": deep}, []string{"NOT_ALLOWED at input.managerId"}},
		} {
			t.Run(rule, func(t *testing.T) { e.fails(t, c.token, "clientCreate", c.in, c.want...) })
		}
		for _, in := range []any{input{}, input{"name": nil}, input{"name": "x", "type": nil}, input{"name": "x", "type": "PERSON"}, input{"name": "x", "isolated": nil}, input{"name": "x", "status": "SUSPENDED"}} {
			e.refuses(t, e.paula, "clientCreate", in, 400, "VALIDATION")
		}
		for _, c := range []struct {
			token, name string
			status      int
			code        string
		}{
			{updater, "clientCreate", 403, "FORBIDDEN"}, {updater, "clientDelete", 403, "FORBIDDEN"},
			{creator, "clientUpdate", 403, "FORBIDDEN"}, {creator, "clientSuspend", 403, "FORBIDDEN"}, {creator, "clientResume", 403, "FORBIDDEN"},
			{creator, "clientMove", 403, "FORBIDDEN"}, {"", "clientCreate", 401, "UNAUTHENTICATED"}, {"", "clientDelete", 401, "UNAUTHENTICATED"},
		} {
			in := input{"id": e.g}
			switch c.name {
			case "clientCreate":
				in = input{"name": "x"}
			case "clientMove":
				in["managerId"] = e.p
			}
			e.refuses(t, c.token, c.name, in, c.status, c.code)
		}
	})
}

// domain 1.3: two requests at the same moment with the same name both succeed, with different codes; of two with one code
// one does. domain 1.7: also while clients move, every path is right.
func TestClientCreateRaces(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		at := func(n int, in input) (codes map[string]bool, taken int) {
			codes = map[string]bool{}
			var mu sync.Mutex
			atOnce(n, func(int) {
				p := e.do(e.paula, "clientCreate", in)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case p.Client != nil && len(p.Errors) == 0:
					codes[p.Client.Code] = true
				case len(p.Errors) == 1 && p.Errors[0].Code == "TAKEN" && p.Client == nil:
					taken++
				default:
					t.Errorf("%+v", p)
				}
			})
			return codes, taken
		}
		for _, n := range []int{2, 12} {
			if codes, taken := at(n, input{"name": fmt.Sprint("Same name ", n)}); len(codes) != n || taken != 0 {
				t.Errorf("of %d with one name: %v, %d taken", n, codes, taken)
			} else {
				for code := range codes {
					if !clientCode.MatchString(code) || !strings.HasPrefix(code, "SAMENAME") {
						t.Errorf("a code %q", code)
					}
				}
			}
			if codes, taken := at(n, input{"name": "x", "code": fmt.Sprint("RACE", n)}); len(codes) != 1 || taken != n-1 {
				t.Errorf("of %d with one code: %v, %d taken", n, codes, taken)
			}
		}
		e.sound(t)
	})
}

// domain 1.2: a code is never given out again, be its client deleted.
func TestClientCodesAreGivenOutOnce(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		made := e.succeeds(e.paula, "clientCreate", input{"name": "Once", "code": "ONCE"}).Client
		e.succeeds(e.paula, "clientDelete", input{"id": made.ID})
		e.fails(t, e.paula, "clientCreate", input{"name": "Once", "code": "ONCE"}, "TAKEN at input.code")
		if again := e.succeeds(e.paula, "clientCreate", input{"name": "Once"}).Client; again.Code == "ONCE" || !strings.HasPrefix(again.Code, "ONCE") {
			t.Errorf("made again with the code %s", again.Code)
		}
	})
}

// sound checks what is true of every tree of clients, however it came about.
func (e *estate) sound(t testing.TB) {
	t.Helper()
	if err := treetest.Check(e.System(), e.DB); err != nil {
		t.Error(err)
	}
	if n := e.count("package_gifts", "package_id = ?", authority.BuiltInPackage(authority.BasePackage)); n != e.count("clients", "1 = 1") {
		t.Errorf("the base package was given to %d clients", n)
	}
}

var (
	platformPackage = authority.BuiltInPackage(authority.PlatformPackage)
	ownerRole       = authority.BuiltInRole(authority.OwnerRole)
)

// newEstateOn is the same estate, asked on another node.
func newEstateOn(e *estate, node *hubtest.Hub) *estate {
	return &estate{Hub: node, t: e.t, p: e.p, c: e.c, g: e.g, s: e.s}
}
