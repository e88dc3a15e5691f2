package property

import (
	"strings"
	"testing"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
)

func person(s actor.Scope) *actor.Actor {
	return actor.New(actor.Actor{User: oid.New[oid.User](), Client: s.Root, Session: oid.New[oid.Session](), Scope: s}, nil, time.Now())
}

func root() oid.Client { return oid.New[oid.Client]() }

// A limit rendered once says the same as the rule says for each actor, with his scope in the form of its root.
func TestLimitsSayWhatTheRulesSay(t *testing.T) {
	system := *person(actor.Scope{Root: root()})
	system.SystemReason = "a test"
	listed := person(actor.Scope{Root: root(), Clients: []oid.Client{root(), root()}, Above: []oid.Client{root()}})
	asRoot := *listed
	asRoot.Scope.Clients = nil
	unrooted := person(actor.Scope{Clients: []oid.Client{root()}})
	for who, c := range map[string]struct{ actor, ruled *actor.Actor }{
		"a large scope": {actor: person(actor.Scope{Root: root()})},
		"a listed one":  {actor: listed, ruled: &asRoot},
		"a list alone":  {actor: unrooted},
		"all":           {actor: person(actor.Scope{Root: oid.SystemClient, All: true})},
		"the platform":  {actor: &system},
		"nobody":        {actor: actor.Nobody()},
	} {
		if c.ruled == nil {
			c.ruled = c.actor
		}
		for name, l := range map[string]*limit{"own": ownApplication, "read": readProperty, "written": writtenProperty, "ruled": ruledProperty, "client": reachedClient} {
			text, args := l.of(c.actor)
			var want string
			var wantArgs []any
			if p := l.rule(c.ruled); p != nil {
				want, wantArgs = p.Query()
			}
			if text != want || !cmp.Equal(args, wantArgs) {
				t.Errorf("%s, %s: %s %v\nwant %s %v", name, who, text, args, want, wantArgs)
			}
		}
	}
}

// What is found by an owner in scope is found by the whole rule: the one is the other's first alternative.
func TestOwnApplicationsAreVisible(t *testing.T) {
	a := person(actor.Scope{Root: root()})
	own, _ := ownApplication.of(a)
	visible, _ := visibleApplication.of(a)
	if own == "" || !strings.HasPrefix(visible, own+" OR ") {
		t.Errorf("own: %s\nvisible: %s", own, visible)
	}
}

// What is asked with every call is rendered once; a rule that more goes into than the root is not.
func TestWhatIsRenderedOnce(t *testing.T) {
	for name, l := range map[string]*limit{"own": ownApplication, "read": readProperty, "written": writtenProperty, "ruled": ruledProperty} {
		if l.rooted() == "" {
			t.Errorf("%s is built anew for each call", name)
		}
	}
	mine := newLimit("x", func(a *actor.Actor, col scope.Column) *entsql.Predicate { return entsql.EQ(col("user_id"), a.User) })
	a := person(actor.Scope{Root: root()})
	for name, l := range map[string]*limit{"visible": visibleApplication, "mine": mine} {
		text, args := l.of(a)
		want, wantArgs := l.rule(a).Query()
		if l.rooted() != "" || text != want || !cmp.Equal(args, wantArgs) {
			t.Errorf("%s: %s %v\nwant %s %v", name, text, args, want, wantArgs)
		}
	}
}
