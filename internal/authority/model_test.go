package authority_test

import (
	"slices"

	"github.com/appanage/appanage/internal/enum"
)

// The naive model: domain 1.5, 3.4 to 3.6, 5.1 and 2.3 word by word, over the lists of a tree. It knows nothing of the
// product, and is as slow as it is plain.

// includes: the role is the other, or includes it by whatever way (3.2).
func (w *tree) includes(role, other int) bool {
	return role == other || slices.ContainsFunc(w.roles[role].subs, func(sub int) bool { return w.includes(sub, other) })
}

// brings: a role, or one it includes, holds the permission. A session for an application counts roles of that
// application and of none; a session for none counts all (3.6).
func (w *tree) brings(role, permission, session int) bool {
	for r := range w.roles {
		counts := session < 0 || w.roles[r].app < 0 || w.roles[r].app == session
		if counts && slices.Contains(w.roles[r].permissions, permission) && w.includes(role, r) {
			return true
		}
	}
	return false
}

// owns: the permission is of an application of the client; SYSTEM's is everything (3.6).
func (w *tree) owns(client, permission int) bool {
	app := w.permissions[permission].app
	return client == 0 || app >= 0 && w.apps[app] == client
}

// ceiling: the client owns the permission, or a package given to it brings it, within the giver's ceiling (3.6). Seen are
// the clients asked already: nobody lifts himself by his own gift.
func (w *tree) ceiling(client, permission int, seen map[int]bool) bool {
	seen[client] = true
	return w.owns(client, permission) || slices.ContainsFunc(w.gifts, func(g treeGift) bool {
		return g.to == client && !seen[g.giver] &&
			slices.ContainsFunc(w.packages[g.pack], func(role int) bool { return w.brings(role, permission, -1) }) &&
			w.ceiling(g.giver, permission, seen)
	})
}

// assigns: the roles of the packages given to the client, and the roles it owns (3.4).
func (w *tree) assigns(client, role int) bool {
	return w.roles[role].owner == client || slices.ContainsFunc(w.gifts, func(g treeGift) bool {
		return g.to == client && slices.Contains(w.packages[g.pack], role)
	})
}

// holds: the permissions of the membership's assignable roles, within the client's ceiling (3.6).
func (w *tree) holds(m treeMember, permission int) bool {
	return slices.ContainsFunc(m.roles, func(role int) bool {
		return w.assigns(m.client, role) && w.brings(role, permission, m.session)
	}) && w.ceiling(m.client, permission, map[int]bool{})
}

// gives: nobody gives what he does not hold; permissions of an application count as held by users of its owner with
// Permission_CREATE (3.5).
func (w *tree) gives(m treeMember, permission int) bool {
	app := w.permissions[permission].app
	return w.holds(m, permission) || app >= 0 && w.apps[app] == m.client && w.holds(m, createsPermission)
}

// takesOver: he holds every authority of the other (2.5), as he must to give it.
func (w *tree) takesOver(m, other treeMember) bool {
	for p := range w.permissions {
		if w.holds(other, p) && !w.gives(m, p) {
			return false
		}
	}
	return true
}

// access: the owner writes; a grant in force gives its level, and BARRED none (5.1).
func (w *tree) access(client, app int) enum.AccessLevel {
	if w.apps[app] == client {
		return enum.LevelWrite
	}
	for _, g := range w.grants {
		if g.app == app && g.client == client && !g.expired && g.level != enum.LevelBarred {
			return g.level
		}
	}
	return ""
}

// barred: the client, or one above it, is suspended (1.5).
func (w *tree) barred(client int) bool {
	return client >= 0 && (w.clients[client].suspended || w.barred(w.clients[client].manager))
}

// admitted: the user is active, nobody is suspended on the way up from his client or his home, and the client reads the
// application of his session (2.3, 2.4).
func (w *tree) admitted(m treeMember) bool {
	return !m.suspended && !w.barred(m.client) && !w.barred(m.home) && (m.session < 0 || w.access(m.client, m.session) != "")
}
