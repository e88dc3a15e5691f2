package apitest

import (
	"testing"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/oid"
)

const (
	askQuery    = `mutation($i: AccessRequestCreateInput!) { accessRequestCreate(input: $i) { accessRequest { id status message } errors { code message path } } }`
	grantQuery  = `mutation($i: AccessRequestGrantInput!) { accessRequestGrant(input: $i) { accessRequest { id status answer } errors { code message path } } }`
	refuseQuery = `mutation($i: AccessRequestRefuseInput!) { accessRequestRefuse(input: $i) { accessRequest { id status answer } errors { code message path } } }`
)

type requested struct {
	AccessRequest *struct{ ID, Status, Message, Answer string }
}

// domain 5.3: a user asks for access to an application that his client does not see; its owner grants it or refuses, once.
func TestAccessRequests(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		app := w.Application(w.partner, "tools", "Tools")
		ask := func(by oid.Client, code string) (requested, []problem) {
			return submitted[requested](w, w.tokens[by], askQuery, map[string]any{"applicationCode": code, "message": "Please.\nFor us."})
		}
		for name, c := range map[string]struct {
			by   oid.Client
			code string
			want string
		}{
			"what is not there":        {w.writer, "nothing", "NOT_FOUND input.applicationCode"},
			"of another customer base": {w.stranger, "tools", "NOT_FOUND input.applicationCode"},
			"what the client has":      {w.writer, "shop", "ALREADY_DONE input.applicationCode"},
			"what is the client's own": {w.partner, "tools", "ALREADY_DONE input.applicationCode"},
		} {
			if _, errs := ask(c.by, c.code); onlyAt(t, errs) != c.want {
				t.Errorf("%s: %+v", name, errs)
			}
		}
		made, errs := ask(w.writer, "TOOLS")
		if len(errs) > 0 || made.AccessRequest.Status != "PENDING" || made.AccessRequest.Message != "Please.\nFor us." {
			t.Fatalf("%+v, %+v", made, errs)
		}
		if _, errs := ask(w.writer, "tools"); onlyAt(t, errs) != "ALREADY_DONE input.applicationCode" {
			t.Errorf("asked twice: %+v", errs)
		}
		input := map[string]any{"id": made.AccessRequest.ID}
		for name, c := range map[string]struct {
			by   oid.Client
			want string
		}{"by who asked": {w.writer, "NOT_ALLOWED input.id"}, "by a neighbour": {w.reader, "NOT_FOUND input.id"}, "by a stranger": {w.stranger, "NOT_FOUND input.id"}} {
			for _, query := range []string{grantQuery, refuseQuery} {
				if _, errs := submitted[requested](w, w.tokens[c.by], query, input); onlyAt(t, errs) != c.want {
					t.Errorf("%s: %+v", name, errs)
				}
			}
		}
		var list struct {
			Application struct {
				AccessRequests struct {
					Nodes []struct{ ClientCode, UserName, Status string }
				}
			}
		}
		w.MustData(w.Do(w.tokens[w.partner], `{ application(code: "tools") { accessRequests(filter: { status: PENDING }) { nodes { clientCode userName status } } } }`, nil), &list)
		if n := list.Application.AccessRequests.Nodes; len(n) != 1 || n[0].ClientCode != "WRITER" || n[0].UserName != "writer" {
			t.Errorf("the owner reads %+v", n)
		}
		granted, errs := submitted[requested](w, w.tokens[w.partner], grantQuery, map[string]any{"id": made.AccessRequest.ID, "answer": "Welcome."})
		if len(errs) > 0 || granted.AccessRequest.Status != "GRANTED" || granted.AccessRequest.Answer != "Welcome." {
			t.Fatalf("%+v, %+v", granted, errs)
		}
		if got := w.level(w.tokens[w.writer], app); got != "READ" {
			t.Errorf("the client has %q", got)
		}
		for _, query := range []string{grantQuery, refuseQuery} {
			if _, errs := submitted[requested](w, w.tokens[w.partner], query, input); onlyAt(t, errs) != "ALREADY_DONE input.id" {
				t.Errorf("decided twice: %+v", errs)
			}
		}
		other, errs := ask(w.reader, "tools")
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		refused, errs := submitted[requested](w, w.tokens[w.partner], refuseQuery, map[string]any{"id": other.AccessRequest.ID})
		if len(errs) > 0 || refused.AccessRequest.Status != "REFUSED" || w.level(w.tokens[w.reader], app) != "" {
			t.Errorf("%+v, %+v", refused, errs)
		}
		if again, errs := ask(w.reader, "tools"); len(errs) > 0 || again.AccessRequest.ID == other.AccessRequest.ID {
			t.Errorf("asked again after a refusal: %+v, %+v", again, errs)
		}
	})
}

// domain 5.3: a client with write access grants what a client below it asks for: it lends, and may not do so without.
func TestAccessRequestsOfThoseBelow(t *testing.T) {
	fairs(t, func(t *testing.T, w *fair) {
		for i, giver := range []oid.Client{w.writer, w.reader} {
			code := []string{"BELOWWRITER", "BELOWREADER"}[i]
			below := w.Client(giver, code, false)
			_, token := w.User(below, "of "+code, authority.BuiltInRole(authority.ClientOwnerRole))
			made, errs := submitted[requested](w, token, askQuery, map[string]any{"applicationCode": "shop"})
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			input := map[string]any{"id": made.AccessRequest.ID}
			got, errs := submitted[requested](w, w.tokens[giver], grantQuery, input)
			if giver == w.reader {
				if onlyAt(t, errs) != "NOT_ALLOWED input.id" || w.level(token, w.app) != "" {
					t.Errorf("a client that only reads lends: %+v, %+v", got, errs)
				}
				open := w.node(func(o *hub.HTTP) {
					o.AlterRules = func(r *authz.Rules) {
						r.DecidesRequests = func(authz.Caller, authz.Application, oid.Client) bool { return true }
						r.Lends = func(authz.Caller, authz.Application, authz.Loan) bool { return true }
					}
				})
				if got, errs := submitted[requested](open, w.tokens[giver], grantQuery, input); len(errs) > 0 || got.AccessRequest.Status != "GRANTED" {
					t.Errorf("without the rules the attack does not succeed: %+v, %+v", got, errs)
				}
				continue
			}
			if len(errs) > 0 || got.AccessRequest.Status != "GRANTED" || w.level(token, w.app) != "READ" {
				t.Errorf("%+v, %+v", got, errs)
			}
		}
	})
}

// level is the access that the client of a token has to an application.
func (w *fair) level(token string, app oid.Application) enum.AccessLevel {
	w.t.Helper()
	var seen struct {
		EffectiveAccess *struct{ Level enum.AccessLevel }
	}
	w.MustData(w.Do(token, `query($a: ID!) { effectiveAccess(applicationId: $a) { level } }`, map[string]any{"a": app}), &seen)
	if seen.EffectiveAccess == nil {
		return ""
	}
	return seen.EffectiveAccess.Level
}
