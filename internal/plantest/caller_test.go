package plantest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/oid"
)

// A caller, or the application that he is signed in to and whose permissions he has, goes while the server reads who he is: it takes
// him for who he was, or for nobody.
func TestACallerWhoGoesWhileHeIsRead(t *testing.T) {
	engines(t, func(t *testing.T, f *fixture) {
		for what, gone := range map[string]func(user oid.User, app oid.Application) []string{
			"user": func(user oid.User, _ oid.Application) []string {
				return []string{
					fmt.Sprintf("DELETE FROM sessions WHERE user_id = '%s'", user),
					fmt.Sprintf("DELETE FROM membership_roles WHERE membership_id IN (SELECT id FROM memberships WHERE user_id = '%s')", user),
					fmt.Sprintf("DELETE FROM memberships WHERE user_id = '%s'", user), fmt.Sprintf("DELETE FROM users WHERE id = '%s'", user),
				}
			},
			"application": func(_ oid.User, app oid.Application) []string {
				return []string{
					fmt.Sprintf("DELETE FROM sessions WHERE application_id = '%s'", app),
					fmt.Sprintf("DELETE FROM role_permissions WHERE permission_id IN (SELECT id FROM permissions WHERE application_id = '%s')", app),
					fmt.Sprintf("DELETE FROM permissions WHERE application_id = '%s'", app), fmt.Sprintf("DELETE FROM applications WHERE id = '%s'", app),
				}
			},
		} {
			h := f.planned.With(t)
			outcomes := map[string]int{}
			for n, more := 1, true; more; n++ {
				name := fmt.Sprint("gone", what[:3], n)
				client := f.client(t, "HOLZWERK")
				app, permission := h.Application(client, name, name), oid.New[oid.Permission]()
				h.Must(h.Ent().Permission.Create().SetID(permission).SetClientID(client).SetApplicationID(app).SetAuthority(name + "_READ").SetAuthorityKey(strings.ToLower(name) + "_read").Exec(h.System()))
				user, _ := h.User(client, name, h.Role(client, nil, name, permission))
				home := f.column(t, "SELECT id FROM memberships WHERE user_id = ?", user)[0]
				token := h.Session(client, user, oid.Membership(home), &app)
				w := &watcher{callers: true, after: func(_ context.Context, at int) {
					if at == n {
						f.write(t, gone(user, app)...)
					}
				}}
				a := ask(watching(t.Context(), w), t, f.planned, token, "{ __typename }", nil)
				more = w.n >= n
				outcomes[fmt.Sprint(a.codes())]++
			}
			t.Logf("%s: %v", what, outcomes)
			if outcomes["[]"] < 2 || outcomes["[UNAUTHENTICATED]"] < 1 || len(outcomes) != 2 {
				t.Errorf("the %s goes: %v", what, outcomes)
			}
		}
	})
}
