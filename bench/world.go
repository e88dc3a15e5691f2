package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/oid"
)

// made is when all data was made.
var made = time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)

// What there is of each.
const (
	family        = 20 // clients: a partner and those it manages
	appsEach      = 10 // of a client, at every scale
	urls          = 2  // from here on: of an application
	properties    = 5
	grants        = 3
	packages      = 3
	rolesEach     = 3 // of a package
	permissions   = 12
	permissionsOf = 4 // a role holds; a role in each package of the application shares them
	depth         = 3 // levels of the deepest client
)

// world is the data as the loader and the scenarios know it: ids, names and relations follow from numbers, so that
// a size always makes the same bytes.
//
// Clients come in families of 20, a partner and the clients it manages. The partners come first and then the others,
// going round the families; applications go round the clients. So what belongs to one family lies spread over the
// whole order of creation, and it is the same amount at every size. Names have an order of their own.
//
// SYSTEM manages the partners, but for every other one: those are managed by partner 1, whose scope is half of the
// platform.
type world struct {
	clients int
	each    int // applications of a client
}

// scaled is the world of a scale: 1 is 1,000 clients and 10,000 applications.
func scaled(scale float64) (world, error) {
	w := world{int(math.Round(1000 * scale)), appsEach}
	if w.clients < 2*family || w.clients%family != 0 {
		return w, fmt.Errorf("scale %g: clients come in families of %d, two at least", scale, family)
	}
	return w, nil
}

func (w world) families() int     { return w.clients / family }
func (w world) applications() int { return w.each * w.clients }

// partner is the number of the partner of a client's family; partners are their own.
func (w world) partner(client int) int { return client % w.families() }

// top is the number of the SYSTEM client.
const top = -1

// manager is the number of the client that manages another one.
func (w world) manager(client int) int {
	switch p := w.partner(client); {
	case p != client:
		return p
	case p > 1 && p%2 == 1:
		return 1
	}
	return top
}

// owner is the number of the client that owns an application.
func (w world) owner(app int) int { return app % w.clients }

// grantee is the number of the client with the i-th grant on an application: another one of the owner's family, and
// with the last grant of every tenth application one of the next family.
func (w world) grantee(app, i int) int {
	owner := w.owner(app)
	to := owner + []int{1, 7, 13}[i]*w.families()
	if i == grants-1 && (app/w.families())%10 == 0 {
		to = owner + 1
	}
	return to % w.clients
}

// granted tells whether a client has one of the grants on an application.
func (w world) granted(app, client int) bool {
	for i := range grants {
		if w.grantee(app, i) == client {
			return true
		}
	}
	return false
}

// owned lists the applications that a family owns, in the order of their ids.
func (w world) owned(family int) []int {
	var list []int
	for app := range w.applications() {
		if w.partner(w.owner(app)) == family {
			list = append(list, app)
		}
	}
	return list
}

// shuffled gives each number below n another one, so that what is named by it does not sort as it was made. No n in
// use is a multiple of the prime.
func shuffled(number, n int) int { return number * 7919 % n }

func clientName(w world, n int) string { return fmt.Sprintf("Client %06d", shuffled(n, w.clients)) }

func applicationName(w world, n int) string {
	return fmt.Sprintf("Anwendung %06d für „%d“", shuffled(n, w.applications()), w.owner(n))
}

func applicationCode(n int) string { return fmt.Sprintf("app-%06d", n) }
func propertyName(i int) string    { return fmt.Sprintf("SETTING_%d", i) }

// id makes the n-th id of a kind.
func id[T oid.ID](n int) string {
	var kind T
	return fmt.Sprintf("%s_01J0000000%016d", kind.Kind(), n)
}

func clientID(n int) string {
	if n == top {
		return string(oid.SystemClient)
	}
	return id[oid.Client](n)
}

func applicationID(n int) string { return id[oid.Application](n) }

// caller is somebody who asks: the owner of a client, with everything built in.
type caller struct{ who, client string }

type known struct{ partner, large, system caller }

func (k known) all() []caller { return []caller{k.partner, k.large, k.system} }

// deepest is the number of a client three levels below SYSTEM: below partner 3, which partner 1 manages. In the smallest
// world there is no partner 3, and it is below partner 1.
func (w world) deepest() int { return 3 + w.families() }

// deep is the owner of that client.
func (w world) deep() caller { return caller{"deep", clientID(w.deepest())} }

// callers are those with a session, the owner of the deepest client among them.
func (w world) callers() []caller { return append(callers.all(), w.deep()) }

// inherits lists, nearest first, the clients whose properties of an application are in force for the deepest client beside
// the owner's, where that has a grant on it: itself, and those that manage it.
func (w world) inherits(app int) (list []int) {
	if !w.granted(app, w.deepest()) {
		return nil
	}
	for n := w.deepest(); n != top && n != w.owner(app); n = w.manager(n) {
		list = append(list, n)
	}
	return list
}

// callers are those whose clients are the same at every size.
var callers = known{
	partner: caller{"partner", clientID(0)},       // a family in scope
	large:   caller{"large partner", clientID(1)}, // half of all families
	system:  caller{"SYSTEM", clientID(top)},      // everything
}

// token is known to everyone who reads this: the data is for measurements only, and so is a server over it.
func (c caller) token() string {
	return "apn_for-measurements-only-" + strings.ReplaceAll(fold.Key(c.who), " ", "-")
}
