package apitest

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// inviteQuery makes a registration code.
const inviteQuery = `mutation($i: RegistrationCodeCreateInput!) { registrationCodeCreate(input: $i) {
	code registrationCode { id status email } errors { code message path } } }`

type invited struct {
	Code             *string
	RegistrationCode *struct{ ID, Status string }
}

// domain 10.1, 10.2, 10.8: each way to register, from the form to the user who has signed in, and what he sees; by a mail server and a
// gateway for text messages.
func TestRegistrationTypes(t *testing.T) {
	for name, c := range map[string]struct {
		how     string
		asks    string
		contact map[string]any // what is given at the start, and again with the secret
		address string         // what it proves
		user    map[string]any
		signs   string // the identifier to sign in with
	}{
		"INVITATION_CODE, given out": {how: "INVITATION_CODE", asks: "CODE USER_NAME NAME_AND_PASSWORD", user: map[string]any{"userName": "newcomer"}, signs: "newcomer"},
		"INVITATION_CODE, mailed":    {how: "INVITATION_CODE", asks: "CODE USER_NAME NAME_AND_PASSWORD", address: "new@example.org", signs: "new@example.org"},
		"IMMEDIATE":                  {how: "IMMEDIATE", asks: "USER_NAME NAME_AND_PASSWORD", user: map[string]any{"userName": "newcomer"}, signs: "newcomer"},
		"EMAIL_LINK": {
			how: "EMAIL_LINK", asks: "EMAIL NAME_AND_PASSWORD", contact: map[string]any{"email": "new@example.org"}, address: "new@example.org", signs: "new@example.org",
		},
		"OTP_EMAIL": {
			how: "OTP_EMAIL", asks: "EMAIL NAME_AND_PASSWORD", contact: map[string]any{"email": "new@example.org"}, address: "new@example.org", signs: "new@example.org",
		},
		"OTP_PHONE": {
			how: "OTP_PHONE", asks: "PHONE NAME_AND_PASSWORD", contact: map[string]any{"phone": "+41 44 123 45 67"}, address: "+41441234567", signs: "+41441234567",
		},
	} {
		t.Run(name, func(t *testing.T) {
			fairs(t, func(t *testing.T, w *fair) {
				w.t, w.post = t, newPost(t)
				w.set(w.partner, map[string]string{"REGISTRATION_TYPE": c.how, "REGISTRATION_SIGN_IN": "true"})
				var options struct {
					RegistrationOptions struct {
						Type, ApplicationName, ClientName string
						AsksFor                           []string
						SignsIn                           bool
					}
				}
				w.MustData(w.Do("", `{ registrationOptions(applicationCode: "shop") { type asksFor applicationName clientName signsIn } }`, nil), &options)
				if o := options.RegistrationOptions; o.Type != c.how || strings.Join(o.AsksFor, " ") != c.asks || o.ApplicationName != "Shop" || !o.SignsIn {
					t.Errorf("the options are %+v", o)
				}
				input := maps.Clone(c.contact)
				if input == nil {
					input = map[string]any{}
				}
				secret := w.secretFor(c.how, c.address, c.contact)
				if secret != "" {
					input["secret"] = secret
					v, errs := w.verify(input)
					if len(errs) > 0 || v.Next == nil || *v.Next != "COMPLETE" || v.Known || (v.Address == nil) != (c.address == "") || v.Address != nil && *v.Address != c.address {
						t.Fatalf("verified %+v, %+v", v, errs)
					}
				}
				maps.Copy(input, person("Nia Newcomer", c.user))
				input["clientName"] = "Newcomer & Co."
				made, errs := w.finish(input)
				if len(errs) > 0 || made.ClientCode == nil || made.Token == nil {
					t.Fatalf("registered %+v, %+v", made, errs)
				}
				w.settled(*made.Token, *made.ClientCode)
				if again, errs := w.finish(input); len(errs) != 1 || again.ClientCode != nil {
					t.Errorf("registered again: %+v, %+v", again, errs)
				}
				var in struct {
					SessionCreate struct {
						Token  *string
						Errors []problem
					}
				}
				w.MustData(w.Do("", `mutation($i: SessionCreateInput!) { sessionCreate(input: $i) { token errors { code message path } } }`, hubtest.Variables{"i": map[string]any{
					"identifier": c.signs, "password": goodPassword, "clientCode": *made.ClientCode, "applicationCode": "shop",
				}}), &in)
				if in.SessionCreate.Token == nil {
					t.Errorf("signed in: %+v", in)
				}
			})
		})
	}
}

// secretFor gets the secret that a way to register takes, "" for none.
func (w *fair) secretFor(how, address string, contact map[string]any) string {
	w.t.Helper()
	if how == "INVITATION_CODE" {
		input := map[string]any{"applicationId": w.app}
		if address != "" {
			input["email"] = address
		}
		made, errs := submitted[invited](w, w.tokens[w.partner], inviteQuery, input)
		if len(errs) > 0 || made.RegistrationCode == nil || made.RegistrationCode.Status != "PENDING" || (made.Code == nil) != (address != "") {
			w.t.Fatalf("made %+v, %+v", made, errs)
		}
		if made.Code != nil {
			return *made.Code
		}
		return w.received(address)
	}
	begun, errs := w.start(contact)
	if len(errs) > 0 || begun.Next == nil {
		w.t.Fatalf("started %+v, %+v", begun, errs)
	}
	if how == "IMMEDIATE" {
		if *begun.Next != "COMPLETE" || begun.Minutes != nil {
			w.t.Errorf("started %+v", begun)
		}
		return ""
	}
	if *begun.Next != "VERIFY" || begun.Minutes == nil || *begun.Minutes != 15 {
		w.t.Errorf("started %+v", begun)
	}
	return w.received(address)
}

// settled looks at what a new client is made of, as its user.
func (w *fair) settled(token, code string) {
	w.t.Helper()
	var seen struct {
		Viewer struct {
			Client struct {
				Code, Name, Type string
				Manager          struct{ Code string }
			}
			Memberships struct {
				Nodes []struct {
					Roles struct{ Nodes []struct{ Name string } }
				}
			}
		}
		Applications struct {
			Nodes []struct {
				Code   string
				Grants struct {
					Nodes []struct{ Level, Reason string }
				}
			}
		}
		Clients struct{ TotalCount int }
	}
	w.MustData(w.Do(token, `{ viewer { client { code name type manager { code } } memberships { nodes { roles { nodes { name } } } } }
		applications { nodes { code grants { nodes { level reason } } } } clients { totalCount } }`, nil), &seen)
	got := fmt.Sprintf("%+v", seen)
	want := seen
	want.Viewer.Client.Code, want.Viewer.Client.Name, want.Viewer.Client.Type, want.Viewer.Client.Manager.Code = code, "Newcomer & Co.", "BUSINESS", "PARTNER"
	want.Clients.TotalCount = 1
	if diff := cmp.Diff(fmt.Sprintf("%+v", want), got); diff != "" {
		w.t.Errorf("(-want +seen):\n%s", diff)
	}
	if m := seen.Viewer.Memberships.Nodes; len(m) != 1 || len(m[0].Roles.Nodes) != 1 || m[0].Roles.Nodes[0].Name != authority.ClientOwnerRole {
		w.t.Errorf("his roles are %+v", m)
	}
	if a := seen.Applications.Nodes; len(a) != 1 || a[0].Code != "shop" || len(a[0].Grants.Nodes) != 1 || a[0].Grants.Nodes[0].Level != "READ" || a[0].Grants.Nodes[0].Reason != "registration" {
		w.t.Errorf("his applications are %+v", a)
	}
}
