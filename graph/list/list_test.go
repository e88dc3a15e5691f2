package list_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/appanage/appanage/graph/list"
	"github.com/appanage/appanage/graph/model"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// sent is an input object.
type sent = map[string]any

// A cursor is bound to the filter by its key: filters that find different things have different keys, whatever
// stands in their texts; and conditions that are absent or null have none.
func TestFilterKeysTellFiltersApart(t *testing.T) {
	mine := actor.New(actor.Actor{Client: oid.New[oid.Client]()}, nil, time.Now())
	theirs := actor.New(actor.Actor{Client: oid.New[oid.Client]()}, nil, time.Now())
	applications, seen := list.Kinds["Application"], map[string]string{}
	for name, c := range map[string]list.Conditions{
		"none":           applications.Conditions(mine, nil),
		"search":         applications.Conditions(mine, sent{"search": "x"}),
		"other search":   applications.Conditions(mine, sent{"search": "X"}),
		"type":           applications.Conditions(mine, sent{"type": "APP"}),
		"search, type":   applications.Conditions(mine, sent{"search": "x", "type": "APP"}),
		"archived":       applications.Conditions(mine, sent{"status": "ARCHIVED"}),
		"passing for it": applications.Conditions(mine, sent{"search": "x\x00type=APP"}),
		"quoted":         applications.Conditions(mine, sent{"search": "x\"\x00type=\"APP"}),
		"near":           applications.Conditions(mine, sent{"within": "MY_CLIENT"}),
		"near another":   applications.Conditions(theirs, sent{"within": "MY_CLIENT"}),
	} {
		if c.Err != nil {
			t.Errorf("%s: %v", name, c.Err)
		}
		if other, ok := seen[c.Key]; ok {
			t.Errorf("%s and %s have one key %q", name, other, c.Key)
		}
		seen[c.Key] = name
	}
	for name, same := range map[string]sent{
		"null conditions":   {"search": nil, "type": nil, "within": nil, "status": nil},
		"what is so anyway": {"status": "ACTIVE", "within": "MY_SCOPE"},
	} {
		if key := applications.Conditions(mine, same).Key; seen[key] != "none" {
			t.Errorf("%s: %q", name, key)
		}
	}
	if c := list.Kinds["Client"].Conditions(mine, nil); len(c.Predicates) != 0 || c.Key != "" {
		t.Errorf("no filter: %d predicates, %q", len(c.Predicates), c.Key)
	}
}

// gqlgen's executor makes pointers and types of ours of the values; the planner has them as they were sent.
func TestValuesAreReadInBothForms(t *testing.T) {
	applications, nobody := list.Kinds["Application"], actor.Nobody()
	client := string(oid.New[oid.Client]())
	raw := applications.Conditions(nobody, sent{"search": "x", "status": "ARCHIVED", "clientId": client, "within": "MY_CLIENT", "type": nil})
	made := applications.Conditions(nobody, sent{"search": new("x"), "status": new(enum.ApplicationArchived), "clientId": &client,
		"within": new(model.ReachMyClient), "type": (*enum.ApplicationType)(nil)})
	if raw.Err != nil || made.Err != nil || raw.Key != made.Key || len(raw.Predicates) != len(made.Predicates) {
		t.Errorf("%+v is not %+v", made, raw)
	}
	raw, made = list.Kinds["Role"].Conditions(nobody, sent{"builtIn": true}), list.Kinds["Role"].Conditions(nobody, sent{"builtIn": new(true)})
	if raw.Err != nil || made.Err != nil || raw.Key != made.Key {
		t.Errorf("%+v is not %+v", made, raw)
	}
	want := list.Order{Kind: "Application", Column: "name_key", Desc: true}
	for _, orderBy := range []sent{
		{"field": "NAME", "direction": "DESC"},
		{"field": model.ApplicationOrderFieldName, "direction": model.OrderDirectionDesc},
	} {
		if got, err := applications.Order(orderBy); err != nil || got != want {
			t.Errorf("%v: %+v, %v", orderBy, got, err)
		}
	}
}

func TestOrders(t *testing.T) {
	for _, c := range []struct {
		orderBy sent
		want    list.Order
		wrong   string // the place
	}{
		{nil, list.Order{Kind: "Tenant", Column: "id"}, ""},
		{sent{"field": "CREATED_AT"}, list.Order{Kind: "Tenant", Column: "id"}, ""},
		{sent{"field": "CODE"}, list.Order{Kind: "Tenant", Column: "code"}, ""},
		{sent{"field": "CODE", "direction": "ASC"}, list.Order{Kind: "Tenant", Column: "code"}, ""},
		{sent{"field": "CREATED_AT", "direction": "DESC"}, list.Order{Kind: "Tenant", Column: "id", Desc: true}, ""},
		{sent{"field": "code"}, list.Order{}, "[orderBy field]"},
		{sent{"field": "AUTHORITY"}, list.Order{}, "[orderBy field]"},
		{sent{"field": nil}, list.Order{}, "[orderBy field]"},
		{sent{}, list.Order{}, "[orderBy field]"},
		{sent{"field": []any{}}, list.Order{}, "[orderBy field]"},
		{sent{"field": "CODE", "direction": "desc"}, list.Order{}, "[orderBy direction]"},
		{sent{"field": "CODE", "direction": nil}, list.Order{}, "[orderBy direction]"},
		{sent{"field": "CODE", "direction": 1}, list.Order{}, "[orderBy direction]"},
	} {
		got, err := list.Kinds["Client"].Order(c.orderBy)
		if c.wrong == "" {
			if err != nil || got != c.want {
				t.Errorf("%v: %+v, %v", c.orderBy, got, err)
			}
			continue
		}
		if e, ok := apperr.As(err); !ok || e.Code != apperr.Validation || fmt.Sprint(e.Path) != c.wrong {
			t.Errorf("%v: %v", c.orderBy, err)
		}
	}
}

// All that is wrong with a filter is said at once, each at its place; but a value of a wrong type is said alone.
func TestFilterErrors(t *testing.T) {
	const user = "usr_01M7ZTZ613AA7HFK52YWVBQ1TB"
	for _, c := range []struct {
		kind   string
		filter sent
		want   string
	}{
		{"Client", sent{"search": " \t\u2028", "managerId": user, "status": "active"}, "[INVALID[filter search] INVALID[filter status] INVALID[filter managerId]]"},
		{"Client", sent{"search": 5, "managerId": 5}, "[INVALID[filter managerId]]"}, // 5 is a text, as GraphQL's ids go
		{"Client", sent{"search": sent{}}, "[VALIDATION[filter search]]"},
		{"Client", sent{"search": "", "within": "my_client"}, "[VALIDATION[filter within]]"},
		{"Role", sent{"builtIn": []any{}, "search": ""}, "[VALIDATION[filter builtIn]]"},
		{"Role", sent{"applicationId": true, "clientId": user}, "[INVALID[filter applicationId] INVALID[filter clientId]]"},
		{"User", sent{"clientId": sent{}}, "[VALIDATION[filter clientId]]"},
		{"Session", sent{"live": []any{true}}, "[VALIDATION[filter live]]"},
	} {
		e, ok := apperr.As(list.Kinds[c.kind].Conditions(nil, c.filter).Err)
		if !ok {
			t.Errorf("%v: no error to be seen", c.filter)
			continue
		}
		var got []string
		for _, one := range e.All() {
			got = append(got, fmt.Sprint(one.Code, one.Path))
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%v: got %v, want %v", c.filter, got, c.want)
		}
	}
}

// An argument that the table lacks is a fault of ours, never a filter that finds everything.
func TestUnknownArgumentIsAnError(t *testing.T) {
	for name, v := range map[string]any{"home": true, "owner": nil} {
		if err := list.Kinds["Client"].Conditions(actor.Nobody(), sent{name: v}).Err; apperr.CodeOf(err) != apperr.Internal {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := list.Kinds["Client"].Conditions(actor.Nobody(), sent{"__typename": "ClientFilter"}).Err; err != nil {
		t.Errorf("__typename: %v", err)
	}
}
