package apitest

import (
	"fmt"
	"strings"
	"time"

	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
)

// links ties packages to roles and roles to permissions and sub-roles, many to many, strangers' in between.
func (w *portfolio) links(x *writer) {
	builtIn := []oid.Role{authority.BuiltInRole("Role Manager"), authority.BuiltInRole("User Manager")}
	for i := range apps {
		for j := range i % 5 {
			pkg := id[oid.Package](10*i + j)
			had := map[oid.Role]bool{}
			for k := range 6 - j {
				role := w.roles[(i*11+j*5+k*k*3)%len(w.roles)]
				if k == 4 {
					role = builtIn[i%2]
				}
				if !had[role] {
					x.plain("package_roles", row{"package_id": pkg, "role_id": role})
				}
				had[role] = true
			}
			if i%21 == 1 {
				x.row("package_gifts", row{"id": id[oid.PackageGift](10*i + j), "client_id": w.mine[(i+j)%len(w.mine)], "package_id": pkg, "giver_id": w.p})
				x.row("package_gifts", row{"id": id[oid.PackageGift](10*i + j + 5), "client_id": w.strangers[j%3], "package_id": pkg, "giver_id": w.p})
			}
		}
	}
	for i, role := range w.roles {
		had := map[oid.Permission]bool{}
		for k := range i % 6 {
			p := w.permissions[(i*7+k*13)%len(w.permissions)]
			if !had[p] {
				x.plain("role_permissions", row{"role_id": role, "permission_id": p})
			}
			had[p] = true
		}
		for k := 1; k <= i%4 && i+k*2 < len(w.roles); k++ {
			x.plain("role_sub_roles", row{"role_id": role, "sub_role_id": w.roles[i+k*2]})
			x.plain("role_paths", row{"role_id": role, "reached_role_id": w.roles[i+k*2]})
		}
	}
	// a stranger's package given to P's child: it and its role are P's to see
	foreign := id[oid.Package](9)
	x.plain("package_roles", row{"package_id": foreign, "role_id": id[oid.Role](9)})
	x.row("package_gifts", row{"id": id[oid.PackageGift](901), "client_id": w.children[2], "package_id": foreign, "giver_id": w.s})
}

// settings: properties and URLs of each application, none for some, for several clients with the same names.
func (w *portfolio) settings(x *writer) {
	property := func(n int, client oid.Client, app oid.Application, name string) {
		x.row("application_properties", row{"id": id[oid.Property](n), "client_id": client, "application_id": app, "name": name,
			"value": strings.Repeat(names[n%len(names)], n%3), "public": n%2 == 0})
	}
	origin := func(n int, client oid.Client, app oid.Application, host string) {
		r := row{"id": id[oid.ClientURL](n), "client_id": client, "application_id": app, "origin": "https://" + host, "status": "PENDING"}
		if n%3 == 0 {
			r["status"], r["proven_at"], r["proven_origin"] = "PROVEN", x.at.Add(time.Duration(n)*time.Microsecond), fmt.Sprintf("https://%d.%s", n, host)
		}
		x.row("client_urls", r)
	}
	for i, app := range w.apps {
		for j := range i % 9 {
			n := 20*i + j
			property(n, w.mine[(i+j)%3], app, fmt.Sprintf("P_%d", (8-j)/3*10+(i+j)%3))
		}
		if i%2 == 0 {
			property(20*i+15, w.s, app, "P_10")
		}
		for j := range i % 5 {
			origin(20*i+j, w.mine[j%2], app, fmt.Sprintf("host%d.example", 5-j/2))
		}
		if i%4 == 0 {
			origin(20*i+15, w.s, app, "host3.example")
		}
	}
	for i, app := range w.foreign {
		property(5000+i, w.s, app, "P_1")
		origin(5000+i, w.s, app, "host4.example")
	}
	property(6000, w.children[0], w.shown, "P_1")
}

// people: users of P, of its children and of strangers, with further memberships and sessions across them.
func (w *portfolio) people(x *writer) {
	status := []string{"ACTIVE", "ACTIVE", "INVITED", "SUSPENDED"}
	for i := range 40 {
		home, base := w.mine[i%5], w.p
		if i%4 == 3 {
			home, base = w.strangers[i%3], w.s
		}
		u := id[oid.User](i)
		r := row{"id": u, "client_id": home, "base_id": base, "name": name(i * 3), "status": status[i%4], "locale": "en"}
		r["user_name"], r["user_name_key"] = nth(i, 3, fmt.Sprintf("User%d", i)), nth(i, 3, fmt.Sprintf("user%d", i))
		if i == 6 { // kept as it was typed, but for the case
			r["user_name"], r["user_name_key"] = "Ｋｉｍ", "ｋｉｍ"
		}
		r["email"], r["email_key"] = nth(i, 2, fmt.Sprintf("U%d@Example.org", i)), nth(i, 4, fmt.Sprintf("u%d@example.org", i))
		r["phone"], r["phone_key"] = nth(i, 5, fmt.Sprintf("+41 44 %d", i)), nth(i, 10, fmt.Sprintf("4144%d", i))
		x.row("users", r)
		w.membership(x, 10*i, home, u, true)
		for j := range i % 4 {
			further := w.mine[(i+j+1)%len(w.mine)]
			if j == 2 {
				further = w.strangers[(i+1)%3]
			}
			if further != home && i < 34 {
				w.membership(x, 10*i+j+1, further, u, false)
			}
		}
	}
	// Paula is a member at a stranger's too: her own memberships and sessions are hers to see
	w.membership(x, 900, w.s, w.user, false)
	for i := range 9 {
		x.row("sessions", row{"id": id[oid.Session](9000 + i), "client_id": w.s, "user_id": w.user, "membership_id": id[oid.Membership](900), "token_hash": fmt.Sprint(i),
			"device": "Phone", "last_used_at": x.at, "expires_at": x.at.Add(time.Hour)})
	}
	w.member = id[oid.Membership](900)
}

func (w *portfolio) membership(x *writer, n int, client oid.Client, user oid.User, home bool) {
	m := id[oid.Membership](n)
	x.row("memberships", row{"id": m, "client_id": client, "user_id": user, "home": home})
	had := map[oid.Role]bool{}
	for k := range n % 7 {
		role := w.roles[(n*3+k*17)%len(w.roles)]
		if !had[role] {
			x.plain("membership_roles", row{"membership_id": m, "role_id": role})
		}
		had[role] = true
	}
	for k := range n % 4 {
		s := 10*n + k
		ends := x.at.Add(time.Hour)
		if k == 1 {
			ends = x.at.Add(-time.Hour)
		}
		x.row("sessions", row{"id": id[oid.Session](s), "client_id": client, "user_id": user, "membership_id": m, "token_hash": identity.HashToken(fmt.Sprint("t", s)),
			"device": name(s), "last_used_at": x.at, "expires_at": ends, "application_id": nth(k, 2, w.apps[0])})
	}
}
