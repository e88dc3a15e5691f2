package proctest

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/store"
)

// key is an encryption key as the configuration has it.
func key(name string) string {
	return name + ":" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(name[:1], 32)))
}

// domain 6.3: secret properties are encrypted with a key from the configuration, and encrypted anew by admin rotate-keys.
func TestRotateKeys(t *testing.T) {
	engines(t, func(t *testing.T, engine store.Engine, c call) {
		c.args, c.stdin = []string{"admin", "create", "--user-name", "root"}, password
		if out, code := c.finish(t); code != 0 {
			t.Fatalf("exit code %d:\n%s", code, out)
		}
		p := c.with("ENCRYPTION_KEY", key("old")).serve(t)
		token := signIn(t, p, "root", password)
		app := data[struct {
			ApplicationCreate struct{ Application struct{ ID string } }
		}](t, p, token,
			`mutation { applicationCreate(input: {name: "Shop", type: APP, accessType: OWN}) { application { id } } }`, nil).ApplicationCreate.Application.ID
		for i := range 3 {
			data[any](t, p, token, `mutation($i: ApplicationPropertiesSetInput!) { applicationPropertiesSet(input: $i) { errors { message } } }`, map[string]any{
				"i": map[string]any{"applicationId": app, "properties": []any{map[string]any{"name": fmt.Sprint("S", i), "value": "x", "secret": true}}}})
		}
		rotate := func(keys string) (string, int) {
			one := c.with("ENCRYPTION_KEY", keys)
			one.args = []string{"admin", "rotate-keys"}
			return one.finish(t)
		}
		for _, step := range []struct {
			keys string
			fine bool
			says string
		}{
			{key("new"), false, "old (3 values)"},
			{key("new") + "," + key("old"), true, "3 secret values encrypted anew under the key new; 0 were already"},
			{key("new") + "," + key("old"), true, "0 secret values encrypted anew under the key new; 3 were already"},
			{key("new"), true, "0 secret values encrypted anew under the key new; 3 were already"},
			{"new:short", false, "--encryption-key"},
		} {
			if out, code := rotate(step.keys); (code == 0) != step.fine || !strings.Contains(out, step.says) {
				t.Errorf("%s: exit code %d\n%s", step.keys, code, out)
			}
		}
		if out, code := rotate(""); engine == store.MySQL && (code == 0 || !strings.Contains(out, "--encryption-key")) {
			t.Errorf("without keys: exit code %d\n%s", code, out)
		}
		ctx, db := look(t, c)
		rows, err := db.Query(ctx, "SELECT sealed FROM application_properties")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		n := 0
		for ; rows.Next(); n++ {
			var sealed string
			if err := rows.Scan(&sealed); err != nil || !strings.HasPrefix(sealed, "new:") {
				t.Errorf("sealed as %s, %v", sealed, err)
			}
		}
		if n != 3 {
			t.Errorf("%d secret values", n)
		}
	})
}
