package command_test

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/demo"
	"github.com/appanage/appanage/internal/explorer"
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

// What the README shows is what the demo answers.
func TestTheReadmeTellsTheTruth(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```graphql\n(.*?)```\n```json\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(shown) != 3 {
		t.Fatalf("the README shows %d queries with answers, not 3", len(shown))
	}
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		signedIn(t, h)
		henrik := token(t, h, "henrik", "HOLZWERK")
		for _, s := range shown {
			var want, got map[string]any
			if err := json.Unmarshal([]byte(s[2]), &want); err != nil {
				t.Fatalf("the answer to %s is no JSON: %v", s[1], err)
			}
			if err := json.Unmarshal(h.Do(henrik, s[1], nil).Body, &got); err != nil {
				t.Fatal(err)
			}
			delete(got, "extensions")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s(-README +answer):\n%s", s[1], diff)
			}
		}
	})
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
