package apitest

import (
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 4.1 to 4.3: what an application cannot be created with. Nothing is written.
func TestApplicationCreateRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		e.succeeds(e.paula, "applicationCreate", input{"name": "Taken", "code": "taken"})
		e.Must(e.Ent().ClaimedName.Create().SetID("application/of-the-past").SetClaimedAt(clock.Now()).Exec(e.System()))
		at := func(code, field string) []string { return []string{code + " at input." + field} }
		for rule, c := range map[string]struct {
			in   input
			want []string
		}{
			"4.1 a name is needed":                {input{"name": ""}, at("INVALID", "name")},
			"4.1 spaces are no name":              {input{"name": "   "}, at("INVALID", "name")},
			"4.1 other spaces are none either":    {input{"name": "\t\u00a0\u2003\n"}, at("INVALID", "name")},
			"4.1 129 letters":                     {input{"name": strings.Repeat("x", 129)}, at("INVALID", "name")},
			"4.1 129 characters":                  {input{"name": strings.Repeat("🦊", 129)}, at("INVALID", "name")},
			"4.2 a code has no spaces":            {input{"name": "x", "code": "my code"}, at("INVALID", "code")},
			"4.2 spaces are no code":              {input{"name": "x", "code": "   "}, at("INVALID", "code")},
			"4.2 one letter":                      {input{"name": "x", "code": "a"}, at("INVALID", "code")},
			"4.2 64 letters":                      {input{"name": "x", "code": strings.Repeat("a", 64)}, at("INVALID", "code")},
			"4.2 a digit first":                   {input{"name": "x", "code": "1a"}, at("INVALID", "code")},
			"4.2 a dash first":                    {input{"name": "x", "code": "-a"}, at("INVALID", "code")},
			"4.2 a dash last":                     {input{"name": "x", "code": "ab-"}, at("INVALID", "code")},
			"4.2 an umlaut":                       {input{"name": "x", "code": "käse"}, at("INVALID", "code")},
			"4.2 an underscore":                   {input{"name": "x", "code": "a_b"}, at("INVALID", "code")},
			"4.2 a dot":                           {input{"name": "x", "code": "a.b"}, at("INVALID", "code")},
			"4.2 a zero byte":                     {input{"name": "x", "code": "ab\x00"}, at("INVALID", "code")},
			"4.2 a line break inside":             {input{"name": "x", "code": "ab\ncd"}, at("INVALID", "code")},
			"4.2 reserved www":                    {input{"name": "x", "code": "www"}, at("RESERVED", "code")},
			"4.2 reserved api":                    {input{"name": "x", "code": "api"}, at("RESERVED", "code")},
			"4.2 reserved admin":                  {input{"name": "x", "code": "admin"}, at("RESERVED", "code")},
			"4.2 reserved graphql":                {input{"name": "x", "code": "graphql"}, at("RESERVED", "code")},
			"4.2 reserved system":                 {input{"name": "x", "code": "system"}, at("RESERVED", "code")},
			"4.2 reserved static":                 {input{"name": "x", "code": "static"}, at("RESERVED", "code")},
			"4.2 reserved in capitals":            {input{"name": "x", "code": "GraphQL"}, at("RESERVED", "code")},
			"4.2 taken":                           {input{"name": "x", "code": "taken"}, at("TAKEN", "code")},
			"4.2 taken in capitals":               {input{"name": "x", "code": "TAKEN"}, at("TAKEN", "code")},
			"4.2 never given out again":           {input{"name": "x", "code": "of-the-past"}, at("TAKEN", "code")},
			"4.1 thumbnail by http":               {input{"name": "x", "thumbnailUrl": "http://img.example/a.png"}, at("INVALID", "thumbnailUrl")},
			"4.1 thumbnail by script":             {input{"name": "x", "thumbnailUrl": "javascript:alert(1)"}, at("INVALID", "thumbnailUrl")},
			"4.1 thumbnail as data":               {input{"name": "x", "thumbnailUrl": "data:image/png;base64,AAAA"}, at("INVALID", "thumbnailUrl")},
			"4.1 thumbnail without scheme":        {input{"name": "x", "thumbnailUrl": "//img.example/a.png"}, at("INVALID", "thumbnailUrl")},
			"4.1 thumbnail without host":          {input{"name": "x", "thumbnailUrl": "https:///a.png"}, at("INVALID", "thumbnailUrl")},
			"4.1 thumbnail with a port only":      {input{"name": "x", "thumbnailUrl": "https://:443/a.png"}, at("INVALID", "thumbnailUrl")},
			"4.1 thumbnail with a password":       {input{"name": "x", "thumbnailUrl": "https://me:secret@img.example/a.png"}, at("INVALID", "thumbnailUrl")},
			"4.1 thumbnail with a space":          {input{"name": "x", "thumbnailUrl": "https://img example/a.png"}, at("INVALID", "thumbnailUrl")},
			"4.1 thumbnail with a line break":     {input{"name": "x", "thumbnailUrl": "https://img.example/a\n.png"}, at("INVALID", "thumbnailUrl")},
			"4.1 thumbnail empty":                 {input{"name": "x", "thumbnailUrl": ""}, at("INVALID", "thumbnailUrl")},
			"4.1 thumbnail too long":              {input{"name": "x", "thumbnailUrl": "https://img.example/" + strings.Repeat("a", 2029)}, at("INVALID", "thumbnailUrl")},
			"4.3 an unknown owner":                {input{"name": "x", "clientId": oid.New[oid.Client]()}, at("NOT_FOUND", "clientId")},
			"4.3 a foreign owner":                 {input{"name": "x", "clientId": e.s}, at("NOT_FOUND", "clientId")},
			"4.3 an owner above":                  {input{"name": "x", "clientId": oid.SystemClient}, at("NOT_FOUND", "clientId")},
			"design 5 an owner of the wrong kind": {input{"name": "x", "clientId": e.paulaID}, at("INVALID", "clientId")},
			"design 5 an owner that is no id":     {input{"name": "x", "clientId": "PARTNER"}, at("INVALID", "clientId")},
			"design 5 an empty owner":             {input{"name": "x", "clientId": ""}, at("INVALID", "clientId")},
			"4.3 EXPLICIT names no own client":    {input{"name": "x", "accessType": "EXPLICIT", "clientId": e.p}, at("NOT_ALLOWED", "clientId")},
			"4.3 EXPLICIT names no child":         {input{"name": "x", "accessType": "EXPLICIT", "clientId": e.c}, at("NOT_ALLOWED", "clientId")},
			"4.3 EXPLICIT names no stranger":      {input{"name": "x", "accessType": "EXPLICIT", "clientId": e.s}, at("NOT_ALLOWED", "clientId")},
			"4.3 EXPLICIT names nobody unknown":   {input{"name": "x", "accessType": "EXPLICIT", "clientId": oid.New[oid.Client]()}, at("NOT_ALLOWED", "clientId")},
			"4.1 an access type in small letters": {input{"name": "x", "accessType": "own"}, at("INVALID", "accessType")},
			"4.1 a type in small letters":         {input{"name": "x", "type": "site"}, at("INVALID", "type")},
			"design 5 all that is wrong at once": {
				input{"name": " ", "code": "-", "thumbnailUrl": "x"},
				[]string{"INVALID at input.name", "INVALID at input.thumbnailUrl", "INVALID at input.code"},
			},
		} {
			t.Run(rule, func(t *testing.T) { e.fails(t, e.paula, "applicationCreate", c.in, c.want...) })
		}
		// a foreign owner is answered as an unknown one, byte for byte
		answers := map[string]bool{}
		for _, owner := range []oid.Client{e.s, oid.New[oid.Client](), oid.SystemClient} {
			answers[string(e.raw(e.paula, "applicationCreate", input{"name": "x", "clientId": owner}).Body)] = true
		}
		if len(answers) != 1 {
			t.Errorf("%v", answers)
		}
		// what was refused has not used up its code
		e.fails(t, e.paula, "applicationCreate", input{"name": "x", "code": "once-more", "clientId": e.s}, at("NOT_FOUND", "clientId")...)
		e.succeeds(e.paula, "applicationCreate", input{"name": "x", "code": "once-more"})
	})
}

// What does not fit the schema does not run.
func TestApplicationCreateValidation(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		for _, in := range []any{
			input{}, input{"code": "abc"}, input{"name": nil}, input{"name": []string{"x", "y"}}, input{"name": input{}},
			input{"name": "x", "accessType": "NONE"}, input{"name": "x", "type": "PAGE"}, input{"name": "x", "type": nil},
			input{"name": "x", "owner": "me"}, input{"name": "x", "thumbnailUrl": true}, nil, "x", 1, []any{},
			input{"name": "x", "clientId": input{"id": "x"}},
		} {
			e.refuses(t, e.paula, "applicationCreate", in, 400, "VALIDATION")
		}
	})
}

// domain 4.1 to 4.3: what is created, and whose it is.
func TestApplicationCreate(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		long := strings.Repeat("🦊", 128)
		for rule, c := range map[string]struct {
			token                string
			in                   input
			code, owner, creator string
			grants               int // of the creator's
		}{
			"4.2 capitals are lowered":                  {e.paula, input{"name": "A", "code": "My-CODE"}, "my-code", "PARTNER", "PARTNER", 0},
			"4.2 two letters":                           {e.paula, input{"name": "A", "code": "a2"}, "a2", "PARTNER", "PARTNER", 0},
			"4.2 63 letters":                            {e.paula, input{"name": "A", "code": strings.Repeat("a", 63)}, strings.Repeat("a", 63), "PARTNER", "PARTNER", 0},
			"4.2 made from the name":                    {e.paula, input{"name": " Müller & Söhne GmbH! "}, "muller-sohne-gmbh", "PARTNER", "PARTNER", 0},
			"4.2 made from a name without letters":      {e.paula, input{"name": "東京"}, "app-*", "PARTNER", "PARTNER", 0},
			"4.1 128 characters":                        {e.paula, input{"name": long, "code": "fox"}, "fox", "PARTNER", "PARTNER", 0},
			"4.3 owned by the client named":             {e.paula, input{"name": "A", "code": "childs", "clientId": e.c}, "childs", "CHILD", "PARTNER", 1},
			"4.3 ANY too":                               {e.paula, input{"name": "A", "code": "grands", "accessType": "ANY", "clientId": e.g}, "grands", "GRAND", "PARTNER", 1},
			"4.3 naming oneself":                        {e.carl, input{"name": "A", "code": "mine", "clientId": e.c}, "mine", "CHILD", "CHILD", 0},
			"4.3 EXPLICIT belongs to the manager":       {e.carl, input{"name": "A", "code": "imported", "accessType": "EXPLICIT"}, "imported", "PARTNER", "CHILD", 1},
			"4.3 EXPLICIT may name the manager":         {e.carl, input{"name": "A", "code": "imported-2", "accessType": "EXPLICIT", "clientId": e.p}, "imported-2", "PARTNER", "CHILD", 1},
			"4.3 EXPLICIT of a partner is SYSTEM's":     {e.paula, input{"name": "A", "code": "imported-3", "accessType": "EXPLICIT"}, "imported-3", "SYSTEM", "PARTNER", 1},
			"4.3 EXPLICIT of SYSTEM is SYSTEM's":        {e.root, input{"name": "A", "code": "imported-4", "accessType": "EXPLICIT"}, "imported-4", "SYSTEM", "SYSTEM", 0},
			"4.3 SYSTEM for anybody":                    {e.root, input{"name": "A", "code": "for-s", "clientId": e.s}, "for-s", "STRANGER", "SYSTEM", 1},
			"4.1 a thumbnail, and a type":               {e.paula, input{"name": "A", "code": "pic", "type": "SITE", "thumbnailUrl": " https://img.example/ü?a=1#b "}, "pic", "PARTNER", "PARTNER", 0},
			"design 5 null is absent where it may be":   {e.paula, input{"name": "A", "code": nil, "thumbnailUrl": nil, "clientId": nil}, "", "PARTNER", "PARTNER", 0},
			"4.2 a name that would make a reserved one": {e.paula, input{"name": "Admin"}, "admin-*", "PARTNER", "PARTNER", 0},
		} {
			t.Run(rule, func(t *testing.T) {
				a := e.succeeds(c.token, "applicationCreate", c.in).Application
				stem, suffixed := strings.CutSuffix(c.code, "*")
				if a == nil || suffixed && (!strings.HasPrefix(a.Code, stem) || a.Code == stem) || !suffixed && c.code != "" && a.Code != c.code || a.Name != strings.TrimSpace(c.in["name"].(string)) || a.Version != 1 {
					t.Fatalf("%+v", a)
				}
				if a.Client == nil || a.Client.Code != c.owner || a.Creator == nil || a.Creator.Code != c.creator {
					t.Errorf("owner %+v, creator %+v", a.Client, a.Creator)
				}
				if n := e.count("access_grants", "application_id = ? AND level = 'WRITE' AND reason = 'creator' AND client_id = (SELECT creator_id FROM applications WHERE id = ?)", a.ID, a.ID); n != c.grants {
					t.Errorf("%d grants", n)
				}
				if n := e.count("access_grants", "application_id = ?", a.ID); n != c.grants {
					t.Errorf("%d grants in all", n)
				}
				if !codeForm.MatchString(a.Code) || e.count("claimed_names", "id = ?", "application/"+a.Code) != 1 {
					t.Errorf("the code %q", a.Code)
				}
			})
		}
	})
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,61}[a-z0-9]$`)

// domain 1.3, 4.2: of many requests for one code at the same moment exactly one wins; of many with one name and no
// code all do, each with a code of its own.
func TestApplicationCreateRaces(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		at := func(n int, in input) (codes map[string]bool, taken int) {
			codes = map[string]bool{}
			var mu sync.Mutex
			atOnce(n, func(int) {
				p := e.do(e.paula, "applicationCreate", in)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case p.Application != nil && len(p.Errors) == 0:
					codes[p.Application.Code] = true
				case len(p.Errors) == 1 && p.Errors[0].Code == "TAKEN" && p.Application == nil:
					taken++
				default:
					t.Errorf("%+v", p)
				}
			})
			return codes, taken
		}
		for _, n := range []int{2, 20} {
			code := "race-" + itoa(int64(n))
			if codes, taken := at(n, input{"name": "Race", "code": code}); len(codes) != 1 || taken != n-1 || e.count("applications", "code = ?", code) != 1 {
				t.Errorf("of %d with one code: %v, %d taken", n, codes, taken)
			}
		}
		codes, taken := at(20, input{"name": "Same Name"})
		if len(codes) != 20 || taken != 0 || !codes["same-name"] {
			t.Errorf("of 20 with one name: %v, %d taken", codes, taken)
		}
		for code := range codes {
			if !codeForm.MatchString(code) || !strings.HasPrefix(code, "same-name") {
				t.Errorf("a code %q", code)
			}
		}
		if n := e.count("audit_events", "operation = 'applicationCreate'"); n != 22 {
			t.Errorf("%d audit events of 22 creations", n)
		}
	})
}

// atOnce runs f n times at the same moment.
func atOnce(n int, f func(i int)) {
	start, done := make(chan struct{}), sync.WaitGroup{}
	for i := range n {
		done.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	done.Wait()
}
