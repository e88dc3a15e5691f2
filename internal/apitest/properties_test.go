package apitest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// prop is one property of an input: a name, a value, and perhaps the version expected.
func prop(name, value string, expected ...int) input {
	p := input{"name": name, "value": value}
	if len(expected) > 0 {
		p["expectedVersion"] = expected[0]
	}
	return p
}

func props(list ...input) []input { return list }

// domain 6.3 to 6.5: what cannot be set, by whom and for whom. Nothing of a call is written when anything is refused.
func TestApplicationPropertiesSetRefusals(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		e.succeeds(e.paula, "applicationPropertiesSet", input{"applicationId": e.app, "properties": props(prop("THERE", "1"))})
		many := make([]input, 101)
		for i := range many {
			many[i] = prop(fmt.Sprint("P", i), "v")
		}
		on := func(app oid.Application, list ...input) input {
			return input{"applicationId": app, "properties": list}
		}
		with := func(in input, key string, value any) input {
			in[key] = value
			return in
		}
		for rule, c := range map[string]struct {
			token string
			in    input
			want  []string
		}{
			"6.3 no name":                      {e.paula, on(e.app, prop("", "v")), []string{"INVALID at input.properties.0.name"}},
			"6.3 small letters":                {e.paula, on(e.app, prop("GOOD", "v"), prop("bad", "v")), []string{"INVALID at input.properties.1.name"}},
			"6.3 a digit first":                {e.paula, on(e.app, prop("1A", "v")), []string{"INVALID at input.properties.0.name"}},
			"6.3 an underscore first":          {e.paula, on(e.app, prop("_A", "v")), []string{"INVALID at input.properties.0.name"}},
			"6.3 a dash":                       {e.paula, on(e.app, prop("A-B", "v")), []string{"INVALID at input.properties.0.name"}},
			"6.3 a space":                      {e.paula, on(e.app, prop(" A", "v")), []string{"INVALID at input.properties.0.name"}},
			"6.3 a line break at the end":      {e.paula, on(e.app, prop("A\n", "v")), []string{"INVALID at input.properties.0.name"}},
			"6.3 an umlaut":                    {e.paula, on(e.app, prop("Ä", "v")), []string{"INVALID at input.properties.0.name"}},
			"6.3 65 letters":                   {e.paula, on(e.app, prop(strings.Repeat("A", 65), "v")), []string{"INVALID at input.properties.0.name"}},
			"6.3 over 16 KiB":                  {e.paula, on(e.app, prop("A", strings.Repeat("x", 16<<10+1))), []string{"INVALID at input.properties.0.value"}},
			"6.3 over 16 KiB in bytes":         {e.paula, on(e.app, prop("A", strings.Repeat("🦊", 4<<10)+"x")), []string{"INVALID at input.properties.0.value"}},
			"6.5 twice the same name":          {e.paula, on(e.app, prop("A", "1"), prop("B", "1"), prop("A", "2")), []string{"INVALID at input.properties.2.name"}},
			"6.5 all that is wrong at once":    {e.paula, on(e.app, prop("a", strings.Repeat("x", 16<<10+1)), prop("B", ""), prop("c", "")), []string{"INVALID at input.properties.0.name", "INVALID at input.properties.0.value", "INVALID at input.properties.2.name"}},
			"6.5 none":                         {e.paula, on(e.app, []input{}...), []string{"INVALID at input.properties"}},
			"6.5 101":                          {e.paula, on(e.app, many...), []string{"INVALID at input.properties"}},
			"6.5 it exists, and must not":      {e.paula, on(e.app, prop("NEW", "v"), prop("THERE", "2", 0)), []string{"CONFLICT at input.properties.1.expectedVersion"}},
			"6.5 another version":              {e.paula, on(e.app, prop("NEW", "v"), prop("THERE", "2", 2), prop("NEWER", "v")), []string{"CONFLICT at input.properties.1.expectedVersion"}},
			"6.5 another version, same value":  {e.paula, on(e.app, prop("THERE", "1", 7)), []string{"CONFLICT at input.properties.0.expectedVersion"}},
			"6.5 a negative version":           {e.paula, on(e.app, prop("THERE", "1", -1)), []string{"CONFLICT at input.properties.0.expectedVersion"}},
			"6.5 it is not there, and must be": {e.paula, on(e.app, prop("NEW", "v", 1)), []string{"CONFLICT at input.properties.0.expectedVersion"}},
			"6.4 an unknown application":       {e.paula, on(oid.New[oid.Application](), prop("A", "v")), []string{"NOT_FOUND at input.applicationId"}},
			"6.4 a foreign application":        {e.paula, on(e.foreign, prop("A", "v")), []string{"NOT_FOUND at input.applicationId"}},
			"6.4 no id of an application":      {e.paula, input{"applicationId": e.p, "properties": props(prop("A", "v"))}, []string{"INVALID at input.applicationId"}},
			"6.4 neither an application, a client": {
				e.paula, input{"applicationId": "", "clientId": e.app, "properties": props(prop("A", "v"))},
				[]string{"INVALID at input.applicationId", "INVALID at input.clientId"},
			},
			"6.4 an unknown client":                       {e.paula, with(on(e.app, prop("A", "v")), "clientId", oid.New[oid.Client]()), []string{"NOT_FOUND at input.clientId"}},
			"6.4 a foreign client":                        {e.paula, with(on(e.app, prop("A", "v")), "clientId", e.s), []string{"NOT_FOUND at input.clientId"}},
			"6.4 a client above":                          {e.paula, with(on(e.app, prop("A", "v")), "clientId", oid.SystemClient), []string{"NOT_FOUND at input.clientId"}},
			"6.4 the owner for a child without access":    {e.paula, with(on(e.app, prop("A", "v")), "clientId", e.c), []string{"NOT_ALLOWED at input.applicationId"}},
			"6.4 SYSTEM for a client without access":      {e.root, with(on(e.app, prop("A", "v")), "clientId", e.s), []string{"NOT_ALLOWED at input.applicationId"}},
			"6.4 a reader for itself":                     {e.carl, on(e.readable, prop("A", "v")), []string{"NOT_ALLOWED at input.applicationId"}},
			"6.4 a reader for a child":                    {e.carl, with(on(e.readable, prop("A", "v")), "clientId", e.g), []string{"NOT_ALLOWED at input.applicationId"}},
			"6.4 a writer for a child without access":     {e.carl, with(on(e.written, prop("A", "v")), "clientId", e.g), []string{"NOT_ALLOWED at input.applicationId"}},
			"6.4 a writer for the owner":                  {e.carl, with(on(e.written, prop("A", "v")), "clientId", e.p), []string{"NOT_FOUND at input.clientId"}},
			"6.4 a writer for a sibling, of whom no word": {e.carl, with(on(e.written, prop("A", "v")), "clientId", e.s), []string{"NOT_FOUND at input.clientId"}},
			"6.4 a child of the owner, without access":    {e.carl, on(e.app, prop("A", "v")), []string{"NOT_FOUND at input.applicationId"}},
			"6.4 a child of the writer":                   {e.gina, on(e.written, prop("A", "v")), []string{"NOT_FOUND at input.applicationId"}},
			"6.4 refused before a version is told":        {e.carl, on(e.readable, prop("A", "v", 3)), []string{"NOT_ALLOWED at input.applicationId"}},
		} {
			t.Run(rule, func(t *testing.T) {
				p := e.fails(t, c.token, "applicationPropertiesSet", c.in, c.want...)
				told := p.Errors[0].CurrentVersion != nil // of what does not exist there is none
				if told != (p.Errors[0].Code == "CONFLICT" && rule != "6.5 it is not there, and must be") {
					t.Errorf("current version %v", p.Errors[0].CurrentVersion)
				}
			})
		}
		for _, in := range []any{input{"applicationId": e.app}, input{"applicationId": e.app, "properties": nil}, input{"properties": props(prop("A", "v"))},
			input{"applicationId": e.app, "properties": []any{nil}}, input{"applicationId": e.app, "properties": props(input{"name": "A"})},
			input{"applicationId": e.app, "properties": props(input{"name": "A", "value": nil})}, input{"applicationId": e.app, "properties": props(input{"name": "A", "value": "v", "secret": "yes"})},
			input{"applicationId": e.app, "properties": props(input{"name": "A", "value": "v", "public": "yes"})}} {
			e.refuses(t, e.paula, "applicationPropertiesSet", in, 400, "VALIDATION")
		}
	})
}

// domain 6.4, 6.5: what can be set, by whom and for whom; versions count changes, and what is set to what it is does
// not change.
func TestApplicationPropertiesSet(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		e.grant(e.written, e.g, enum.LevelRead)
		childs := h.Application(e.c, "childs", "Child's")
		long := strings.Repeat("🦊", 4<<10)
		public := func(p input, v any) input {
			p["public"] = v
			return p
		}
		for _, c := range []struct {
			rule, token string
			app         oid.Application
			client      any
			list        []input
			want        string // name=value public version, in the order asked
		}{
			{"6.5 new ones, in the order given", e.paula, e.app, nil, props(prop("B", "2", 0), prop("A", "1"), prop("C", "", 0)), "B=2 false 1; A=1 false 1; C= false 1"},
			{"6.5 some changed, one not, one new", e.paula, e.app, nil, props(prop("C", ""), prop("A", "11"), prop("D", "4"), prop("B", "22", 1)), "C= false 1; A=11 false 2; D=4 false 1; B=22 false 2"},
			{"6.3 public", e.paula, e.app, nil, props(public(prop("A", "11"), true)), "A=11 true 3"},
			{"6.3 absent, it stays public", e.paula, e.app, nil, props(prop("A", "12", 3)), "A=12 true 4"},
			{"6.3 null, it stays public", e.paula, e.app, nil, props(public(prop("A", "12"), nil)), "A=12 true 4"},
			{"6.3 no longer public", e.paula, e.app, nil, props(public(prop("A", "12"), false)), "A=12 false 5"},
			{"6.3 16 KiB", e.paula, e.app, nil, props(prop("L"+strings.Repeat("O", 62)+"9", long)), "L" + strings.Repeat("O", 62) + "9=" + long + " false 1"},
			{"6.3 what breaks encoders", e.paula, e.app, nil, props(prop("T", " \"\\\u2028\r\n\t'; -- <b>\u0001 ")), "T= \"\\\u2028\r\n\t'; -- <b>\u0001  false 1"},
			{"6.4 oneself by name", e.paula, e.app, e.p, props(prop("A", "13")), "A=13 false 6"},
			{"6.4 the owner for a client with WRITE", e.paula, e.written, e.c, props(prop("A", "p")), "A=p false 1"},
			{"6.4 the owner for a client with READ", e.paula, e.readable, e.c, props(prop("A", "p")), "A=p false 1"},
			{"6.4 a writer for itself", e.carl, e.written, nil, props(prop("A", "c", 1)), "A=c false 2"},
			{"6.4 a writer for a child with access", e.carl, e.written, e.g, props(prop("A", "c")), "A=c false 1"},
			{"6.4 SYSTEM for anybody with access", e.root, e.written, e.g, props(prop("A", "s")), "A=s false 2"},
			{"6.4 SYSTEM for the owner", e.root, e.foreign, e.s, props(prop("A", "s")), "A=s false 1"},
			{"6.4 a client managing the owner", e.paula, childs, e.c, props(prop("A", "p")), "A=p false 1"},
		} {
			in := input{"applicationId": c.app, "properties": c.list}
			if c.client != nil {
				in["clientId"] = c.client
			}
			p := e.succeeds(c.token, "applicationPropertiesSet", in)
			var got []string
			for _, one := range p.Properties {
				got = append(got, fmt.Sprintf("%s=%s %t %d", one.Name, one.Value, one.Public, one.Version))
			}
			if strings.Join(got, "; ") != c.want || p.Application == nil || p.Application.ID != string(c.app) {
				t.Errorf("%s:\ngot  %.300q\nwant %.300q", c.rule, got, c.want)
			}
		}
		hundred := make([]input, 100)
		for i := range hundred {
			hundred[i] = prop(fmt.Sprint("P", i), "v")
		}
		if p := e.succeeds(e.paula, "applicationPropertiesSet", input{"applicationId": e.app, "properties": hundred}); len(p.Properties) != 100 {
			t.Errorf("%d of 100", len(p.Properties))
		}
	})
}

// domain 6.5: sets at the same moment, also the first ones, are both made; none is lost.
func TestApplicationPropertiesSetRaces(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		e := newEstate(t, h)
		const n = 10
		for _, c := range []struct {
			rule    string
			list    func(i int) []input
			rows    int
			version string // of SAME
		}{
			{"one property, one value", func(int) []input { return props(prop("SAME", "v")) }, 1, "1"},
			{"one property, many values", func(i int) []input { return props(prop("OTHER", fmt.Sprint(i))) }, 2, "10"},
			{"one in common, one each", func(i int) []input { return props(prop("COMMON", fmt.Sprint(i)), prop(fmt.Sprint("OWN", i), "v")) }, 3 + n, "10"},
			{"crosswise", func(i int) []input {
				if i%2 == 0 {
					return props(prop("X", fmt.Sprint(i)), prop("Y", fmt.Sprint(i)))
				}
				return props(prop("Y", fmt.Sprint(i)), prop("X", fmt.Sprint(i)))
			}, 5 + n, "10"},
		} {
			atOnce(n, func(i int) {
				p := e.do(e.paula, "applicationPropertiesSet", input{"applicationId": e.app, "properties": c.list(i)})
				if len(p.Errors) > 0 || len(p.Properties) != len(c.list(i)) {
					t.Errorf("%s: %+v", c.rule, p)
				}
			})
			first := c.list(0)[0]["name"]
			got := query(t, h, "SELECT version AS v FROM application_properties WHERE application_id = ? AND name = ?", e.app, first)
			if rows := e.count("application_properties", "application_id = ?", e.app); rows != c.rows || len(got) != 1 || fmt.Sprint(got[0]["v"]) != c.version {
				t.Errorf("%s: %d rows, want %d; version %v, want %s", c.rule, rows, c.rows, got, c.version)
			}
		}
		var mu sync.Mutex
		won := 0
		atOnce(n, func(i int) {
			p := e.do(e.paula, "applicationPropertiesSet", input{"applicationId": e.app, "properties": props(prop("ONCE", fmt.Sprint(i), 0))})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case len(p.Errors) == 0:
				won++
			case p.Errors[0].Code != "CONFLICT" || *p.Errors[0].CurrentVersion != 1:
				t.Errorf("%+v", p.Errors)
			}
		})
		if won != 1 {
			t.Errorf("%d of %d made what must not exist", won, n)
		}
	})
}
