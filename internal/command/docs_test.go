package command_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/demo"
	"github.com/appanage/appanage/internal/explorer"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

const password = "correct horse battery"

// signedIn is a hub with demo data, and the tokens of the users named, at their clients.
func signedIn(t *testing.T, h *hubtest.Hub) []demo.User {
	t.Helper()
	users, err := demo.Fill(t.Context(), h.DB, demo.Services{Tenancy: h.Tenancy, Identity: h.Identity, Applications: h.Applications, Properties: h.Properties}, password)
	h.Must(err)
	return users
}

func token(t *testing.T, h *hubtest.Hub, name, client string) string {
	t.Helper()
	var signIn struct{ SessionCreate struct{ Token *string } }
	h.MustData(h.Do("", `mutation($i: SessionCreateInput!) { sessionCreate(input: $i) { token } }`,
		hubtest.Variables{"i": map[string]any{"identifier": name, "password": password, "clientCode": client}}), &signIn)
	if signIn.SessionCreate.Token == nil {
		return ""
	}
	return *signIn.SessionCreate.Token
}

// shown is a query in the documentation, with the answer it shows.
type shown struct {
	user, client  string
	query, answer string
}

// speaker is the first line of a query that says who sends it; anybody does so without a token.
var speaker = regexp.MustCompile(`^# (\w+) at (\w+)\n`)

const anybody = "# anybody\n"

// shownIn reads the queries of a document that have answers. Where nobody is named henrik sends them, at HOLZWERK.
func shownIn(t *testing.T, path string, count int) (list []shown) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```graphql\n(.*?)```\n```json\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		one := shown{"henrik", "HOLZWERK", block[1], block[2]}
		if who := speaker.FindStringSubmatch(one.query); who != nil {
			one.user, one.client = who[1], who[2]
		}
		if strings.HasPrefix(one.query, anybody) {
			one.user, one.client = "", ""
		}
		list = append(list, one)
	}
	if len(list) != count {
		t.Fatalf("%s shows %d queries with answers, not %d", path, len(list), count)
	}
	return list
}

// named are the variables of the documentation: a code stands for the id of the application or the client that has it.
func named(t *testing.T, h *hubtest.Hub) hubtest.Variables {
	t.Helper()
	all := hubtest.Variables{}
	for _, table := range []string{"applications", "clients"} {
		h.Must(h.DB.Each(h.System(), "SELECT code, id FROM "+table, nil, func(scan func(...any) error) error {
			var code, id string
			err := scan(&code, &id)
			all[strings.ReplaceAll(code, "-", "_")] = id
			return err
		}))
	}
	return all
}

// holds tells whether an answer is the one shown. A text shown that ends in … is any that begins so, and from then on the
// variable of its name.
func holds(name string, want, got any, variables hubtest.Variables) bool {
	switch want := want.(type) {
	case string:
		begin, open := strings.CutSuffix(want, "…")
		is, ok := got.(string)
		if open && ok && strings.HasPrefix(is, begin) && len(is) > len(begin) {
			variables[name] = is
			return true
		}
		return ok && is == want
	case map[string]any:
		is, ok := got.(map[string]any)
		for key := range want {
			ok = ok && holds(key, want[key], is[key], variables)
		}
		return ok && len(is) == len(want)
	case []any:
		is, ok := got.([]any)
		ok = ok && len(is) == len(want)
		for i := range want {
			ok = ok && holds(name, want[i], is[i], variables)
		}
		return ok
	}
	return want == got
}

// What the documents show is what the demo answers, one query after the other.
func TestTheDocumentsTellTheTruth(t *testing.T) {
	for path, count := range map[string]int{"../../README.md": 6, "../../docs/api.md": 25} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			all := shownIn(t, path, count)
			hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
				signedIn(t, h)
				h = h.Node(func(o *hub.HTTP) { o.URLSuffix = []string{demo.Suffix} })
				variables, tokens := named(t, h), map[string]string{}
				for _, s := range all {
					if s.user != "" && tokens[s.user] == "" {
						tokens[s.user] = token(t, h, s.user, s.client)
					}
					var want, got map[string]any
					if err := json.Unmarshal([]byte(s.answer), &want); err != nil {
						t.Fatalf("the answer to %s is no JSON: %v", s.query, err)
					}
					body := h.Do(tokens[s.user], s.query, variables).Body
					h.Must(json.Unmarshal(body, &got))
					delete(got, "extensions")
					if !holds("", want, got, variables) {
						t.Errorf("%s(-shown +answer):\n%s\n%s", s.query, cmp.Diff(want, got), body)
					}
				}
			})
		})
	}
}

// Every example of the page runs for every user of the demo. Where a user lacks an authority, that is all there is
// to complain of.
func TestTheExamplesRunForEveryUser(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		users := signedIn(t, h)
		in := 0
		for _, u := range users {
			who := token(t, h, u.UserName, u.ClientCode)
			if who == "" {
				continue // suspended
			}
			in++
			for _, e := range explorer.Examples() {
				variables := hubtest.Variables{}
				if e.Variables != "" {
					h.Must(json.Unmarshal([]byte(e.Variables), &variables))
				}
				for _, err := range h.Do(who, e.Query, variables).Errors {
					if u.UserName == "sysadmin" || err.Code() != "FORBIDDEN" {
						t.Errorf("%s, %s: %s %s", u.UserName, e.Name, err.Code(), err.Message)
					}
				}
			}
		}
		if in < len(users)-2 {
			t.Errorf("only %d of %d users could sign in", in, len(users))
		}
	})
}
