package apitest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/bundle"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// domain 12.1, 12.2: what is exported and imported is the same application, under another name; no secrets, no rights of other
// applications, nothing of other clients comes along. It is exported again as the same bytes.
func TestBundleThereAndBack(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		m := newMarket(t, h)
		m.grant(m.source, m.c, enum.LevelWrite)
		m.overlay(t, m.carl, m.source, "home", `{"title":"Carl's"}`)
		text := m.download(t, m.paula, m.source)
		if again := m.download(t, m.root, m.source); again != text {
			t.Error("the same application is other bytes")
		}
		for _, never := range []string{"hush", "TOKEN", "Carl", "Foreign", "PARTNER", "paula"} {
			if strings.Contains(text, never) {
				t.Errorf("the bundle has %s: %s", never, text)
			}
		}
		doc := docOf(t, text)
		if left := fmt.Sprint(doc["leftOut"]); left != "map[addresses:0 permissions:1 roles:0 secrets:1 subRoles:0]" {
			t.Errorf("left out: %s", left)
		}
		p := m.does(t, m.carl, "applicationImport", input{"bundleId": m.send(t, m.carl, text), "name": "Second", "code": "second"})
		if a := p.Application; a == nil || a.Code != "second" || a.AccessType != "EXPLICIT" || a.Client == nil || a.Client.Code != "PARTNER" || a.Creator.Code != "CHILD" {
			t.Errorf("imported: %+v", p.Application)
		}
		if got := fmt.Sprint(p.Made); got != "[{ApplicationProperty 2} {Definition 3} {Package 1} {Permission 2} {Role 2}]" {
			t.Errorf("made: %s", got)
		}
		back := docOf(t, m.download(t, m.carl, oid.Application(p.Application.ID)))
		want := docOf(t, strings.ReplaceAll(text, `"source.`, `"second.`))
		want["application"].(map[string]any)["code"], want["application"].(map[string]any)["name"] = "second", "Second"
		want["leftOut"] = back["leftOut"]
		delete(want, "checksum")
		delete(back, "checksum")
		if diff := cmp.Diff(want, back); diff != "" {
			t.Errorf("(-exported +imported and exported):\n%s", diff)
		}
		if !strings.Contains(text, `"size":1.50`) {
			t.Error("numbers are not as they were written")
		}
		m.belongs(t, oid.Application(p.Application.ID))
	})
}

// belongs: what an import made belongs to the owner, but roles and packages, which are the creator's.
func (m *market) belongs(t *testing.T, app oid.Application) {
	t.Helper()
	for table, owner := range map[string]oid.Client{
		"definition_layers": m.p, "definition_versions": m.p, "application_properties": m.p, "permissions": m.p, "roles": m.c, "packages": m.c,
	} {
		if all, of := m.count(table, "application_id = ?", app), m.count(table, "application_id = ? AND client_id = ?", app, owner); all == 0 || all != of {
			t.Errorf("%s: %d of %d are of the client they are to be of", table, of, all)
		}
	}
	if n := m.count("audit_events", "operation = 'applicationImport' AND kind = 'DefinitionLayer' AND actor_client_id = ?", m.c); n != 3 {
		t.Errorf("the trail has %d layers", n)
	}
}

// domain 12.1: who exports: the owner, those managing it, SYSTEM, and the creator while it may write.
func TestWhoExports(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		m := newMarket(t, h)
		m.grant(m.source, m.c, enum.LevelWrite)
		created, lost := m.explicit("created", enum.LevelWrite), m.explicit("lost", enum.LevelRead)
		m.exec("UPDATE applications SET status = 'ACTIVE' WHERE id IN (?, ?)", created, lost)
		opened := m.explicit("opened", enum.LevelWrite)
		m.exec("UPDATE applications SET status = 'ACTIVE', access_type = 'ANY' WHERE id = ?", opened)
		for name, c := range map[string]struct {
			token string
			app   oid.Application
			fails string
		}{
			"the owner":                    {m.paula, m.source, ""},
			"SYSTEM":                       {m.root, m.source, ""},
			"the creator":                  {m.carl, created, ""},
			"the creator of what is ANY":   {m.carl, opened, ""},
			"a creator who writes no more": {m.carl, lost, "NOT_ALLOWED at input.applicationId"},
			"one with WRITE":               {m.carl, m.source, "NOT_ALLOWED at input.applicationId"},
			"one with READ":                {m.carl, m.readable, "NOT_ALLOWED at input.applicationId"},
			"a stranger":                   {m.stan, m.source, "NOT_FOUND at input.applicationId"},
			"of what there is none":        {m.root, oid.New[oid.Application](), "NOT_FOUND at input.applicationId"},
		} {
			t.Run(name, func(t *testing.T) {
				if c.fails == "" {
					m.download(t, c.token, c.app)
				} else if got := m.fault(t, c.token, "applicationExport", input{"applicationId": c.app}); !strings.HasPrefix(got, c.fails+": ") {
					t.Errorf("got %s", got)
				}
			})
		}
		if n := m.count("audit_events", "operation = 'applicationExport'"); n != 4 {
			t.Errorf("the trail has %d exports", n)
		}
		_, nobody := h.User(m.p, "nobody")
		if a := h.Do(nobody, onBundle("applicationExport"), hubtest.Variables{"input": input{"applicationId": m.source}}); len(a.Errors) != 1 || a.Errors[0].Code() != "FORBIDDEN" {
			t.Errorf("without the authority: %s", a.Body)
		}
	})
}

// domain 12.1, 2.3: a ticket works for five minutes, for the session it was given to, and as long as that may still export.
func TestTickets(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		m := newMarket(t, h)
		ticket := func(token string) string {
			t.Helper()
			return *m.does(t, token, "applicationExport", input{"applicationId": m.source}).Download
		}
		gone := func(what string, on *hubtest.Hub, path, token string) {
			t.Helper()
			w := over(t, on, http.MethodGet, path, token, "")
			if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "NOT_FOUND") || strings.Contains(w.Body.String(), "Home") {
				t.Errorf("%s: %d %s", what, w.Code, w.Body)
			}
		}
		fine := ticket(m.paula)
		for what, token := range map[string]string{"alone": "", "with its token": m.paula} {
			w := over(t, h, http.MethodGet, fine, token, "")
			if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Content-Disposition") != `attachment; filename=source.appanage.json` {
				t.Errorf("%s: %d %v", what, w.Code, w.Header())
			}
		}
		gone("with a token of another session", h, fine, m.root)
		gone("expired", m.later(5*time.Minute), fine, "")
		if w := over(t, m.later(5*time.Minute-time.Second), http.MethodGet, fine, "", ""); w.Code != http.StatusOK {
			t.Errorf("in the last second: %d", w.Code)
		}
		parts := strings.Split(strings.TrimPrefix(fine, "/bundles/"), ".")
		for i := range parts {
			made := slices.Clone(parts)
			made[i] = map[int]string{0: string(m.app), 1: strings.Split(ticket(m.root), ".")[1], 2: "9999999999999999", 3: strings.Repeat("0", 64)}[i]
			gone(fmt.Sprint("made up, part ", i), h, "/bundles/"+strings.Join(made, "."), "")
		}
		gone("none", h, "/bundles/x", "")
		if w := over(t, h, http.MethodGet, fine, "apx_made-up", ""); w.Code != http.StatusUnauthorized {
			t.Errorf("with a token that is none: %d", w.Code)
		}
		if w := over(t, h, http.MethodPost, fine, "", ""); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != http.MethodGet {
			t.Errorf("by POST: %d", w.Code)
		}

		m.exec("UPDATE users SET status = 'SUSPENDED' WHERE id = ?", m.paulaID)
		gone("of a suspended user", h, fine, "")
		m.exec("UPDATE users SET status = 'ACTIVE' WHERE id = ?", m.paulaID)
		m.exec("UPDATE clients SET status = 'SUSPENDED' WHERE id = ?", m.p)
		gone("of a suspended client", h, fine, "")
		m.exec("UPDATE clients SET status = 'ACTIVE' WHERE id = ?", m.p)
		m.exec("DELETE FROM membership_roles WHERE membership_id IN (SELECT id FROM memberships WHERE user_id = ?)", m.paulaID)
		gone("of one who has lost the authority", h, fine, "")

		created := m.explicit("created", enum.LevelWrite)
		m.exec("UPDATE applications SET status = 'ACTIVE' WHERE id = ?", created)
		his := *m.does(t, m.carl, "applicationExport", input{"applicationId": created}).Download
		m.exec("UPDATE access_grants SET level = 'READ' WHERE application_id = ?", created)
		gone("of a creator who writes no more", h, his, "")
		roots := ticket(m.root)
		m.exec("DELETE FROM sessions WHERE id = ?", strings.Split(roots, ".")[1])
		gone("of a session that has ended", h, roots, "")
	})
}

// domain 12.2: what is sent is checked before it is kept; it is kept for an hour, ten at once for a client.
func TestBundlesAreReceived(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		m := newMarket(t, h)
		text := m.download(t, m.paula, m.source)
		_, nobody := h.User(m.p, "nobody")
		_, updates := h.User(m.p, "updates", h.Role(m.p, nil, "Updates", oid.BuiltIn[oid.Permission]("Application_UPDATE")))
		before := m.state()
		for name, c := range map[string]struct {
			token, body string
			header      []string
			status      int
			want        string
		}{
			"without a token":        {"", text, nil, 401, "UNAUTHENTICATED"},
			"without an authority":   {nobody, text, nil, 403, "FORBIDDEN"},
			"as a form":              {m.paula, text, []string{"Content-Type", "text/plain"}, 415, "VALIDATION"},
			"compressed":             {m.paula, text, []string{"Content-Encoding", "gzip"}, 415, "VALIDATION"},
			"of too many bytes":      {m.paula, strings.Repeat(" ", 32<<20) + text, nil, 413, "TOO_LARGE"},
			"damaged":                {m.paula, strings.Replace(text, "Home", "Hole", 1), nil, 400, "/checksum"},
			"cut":                    {m.paula, text[:len(text)/2], nil, 400, "ends too early"},
			"wrong in some place":    {m.paula, strings.Replace(text, `"PAGE"`, `"LEAF"`, 1), nil, 400, "/definitions/0/kind"},
			"of another kind":        {m.paula, `{"format":"zip"}`, nil, 400, "/format"},
			"for an answer as a zip": {m.paula, text, []string{"Accept", "application/zip"}, 406, "VALIDATION"},
		} {
			w := over(t, h, http.MethodPost, "/bundles", c.token, c.body, c.header...)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) || !strings.Contains(w.Body.String(), `{"errors":[`) {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
		}
		if w := over(t, h, http.MethodGet, "/bundles", m.paula, ""); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != http.MethodPost {
			t.Errorf("by GET: %d", w.Code)
		}
		m.unchanged(t, before, "bundles that are refused")

		_, first := sent(t, h, updates, text)
		if until, err := time.Parse(time.RFC3339, first.ExpiresAt); err != nil || time.Until(until) > time.Hour || time.Until(until) < 55*time.Minute {
			t.Errorf("it is kept until %s", first.ExpiresAt)
		}
		for range 9 {
			m.send(t, m.paula, text)
		}
		if status, r := sent(t, h, m.paula, text); status != http.StatusTooManyRequests || r.Errors[0].Code() != "THROTTLED" {
			t.Errorf("the eleventh: %d %+v", status, r)
		}
		m.send(t, m.carl, text)
		m.exec("UPDATE bundles SET expires_at = ? WHERE id = ?", clock.Now(), first.BundleID)
		m.send(t, m.paula, text) // as one of the ten is over
		m.forgets(t, updates, first.BundleID)
	})
}

// forgets: a bundle whose time is over is told to its sender as such, as long as it is there, and then deleted.
func (m *market) forgets(t *testing.T, token, id string) {
	t.Helper()
	in := input{"applicationId": m.source, "bundleId": id, "dryRun": true}
	for _, c := range []struct{ token, want string }{{token, "EXPIRED"}, {m.carl, "NOT_FOUND"}} {
		if got := m.fault(t, c.token, "applicationUpgrade", in); !strings.HasPrefix(got, c.want+" at input.bundleId: ") {
			t.Errorf("one whose time is over: %s", got)
		}
	}
	m.Must(bundle.Forget(t.Context(), m.DB, clock.Now()))
	if n, parts := m.count("bundles", "TRUE"), m.count("bundle_parts", "TRUE"); n != 11 || parts != 11 {
		t.Errorf("%d bundles with %d parts are left", n, parts)
	}
	if got := m.fault(t, token, "applicationUpgrade", in); !strings.HasPrefix(got, "NOT_FOUND at input.bundleId: ") {
		t.Errorf("one that is forgotten: %s", got)
	}
	m.Must(bundle.Forget(t.Context(), m.DB, clock.Now().Add(time.Hour)))
	if n := m.count("bundles", "TRUE") + m.count("bundle_parts", "TRUE"); n != 0 {
		t.Errorf("%d rows are left an hour later", n)
	}
}
