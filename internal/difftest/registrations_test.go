package difftest

import (
	"fmt"
	"time"

	"github.com/appanage/appanage/internal/oid"
)

// registrations are what people register by, and ask for: rules that give what there is, seen or not; codes and requests in every state.
func (w *world) registrations() {
	for i := range 140 {
		a := pick(w.rng, w.apps[:40])
		c, kind := w.related(a.owner), pick(w.rng, []string{"BUSINESS", "INDIVIDUAL"})
		r := row{"id": id[oid.RegistrationRule](i*43%149 + 1), "client_id": c.id, "application_id": a.id, "client_type": kind,
			"level": nil, "given_application_id": nil, "package_id": nil, "role_id": nil}
		switch i % 3 {
		case 0:
			given := pick(w.rng, w.apps).id
			r["gives"], r["given_id"], r["given_application_id"], r["level"] = "ACCESS", string(given), given, pick(w.rng, []string{"READ", "WRITE"})
		case 1:
			given := pick(w.rng, w.packages)
			r["gives"], r["given_id"], r["package_id"] = "PACKAGE", string(given), given
		default:
			given := pick(w.rng, w.roles)
			r["gives"], r["given_id"], r["role_id"] = "ROLE", string(given), given
		}
		if w.first("rule", a.id, c.id, kind, r["given_id"]) {
			w.add("registration_rules", r)
		}
	}
	for i := range 120 {
		a := pick(w.rng, w.apps[:40])
		ends := w.ends()
		if ends == nil {
			ends = w.moment()
		}
		r := row{"id": id[oid.RegistrationCode](i*47%127 + 1), "client_id": w.related(a.owner).id, "application_id": a.id, "code_hash": nil,
			"email": w.maybe(fmt.Sprintf("Guest%d@Example.org", i%31)), "expires_at": ends, "used_at": nil, "used_client_id": nil, "author_id": w.maybe(pick(w.rng, w.users).user)}
		if w.chance(40) {
			r["used_at"], r["used_client_id"] = now.Add(-time.Minute), w.maybe(w.any().id)
		}
		w.add("registration_codes", r)
	}
	for i := range 140 {
		a, m := pick(w.rng, w.apps), pick(w.rng, w.members)
		r := row{"id": id[oid.AccessRequest](i*53%151 + 1), "client_id": m.at.id, "application_id": a.id, "user_id": m.user, "message": pick(w.rng, texts),
			"status": "PENDING", "pending": nil, "answer": "", "decided_at": nil, "decided_by_id": nil}
		if w.chance(50) {
			r["status"], r["answer"], r["decided_at"] = pick(w.rng, []string{"GRANTED", "REFUSED"}), pick(w.rng, texts), w.moment()
			r["decided_by_id"] = w.maybe(pick(w.rng, w.users).user)
		}
		if r["status"] == "PENDING" && w.first("request", a.id, m.at.id) {
			r["pending"] = true
		}
		w.add("access_requests", r)
	}
}
