package difftest

import (
	"fmt"

	"github.com/appanage/appanage/internal/oid"
)

// news is what happens to clients: invitations in every state, events of the trail and of the outbox.
func (w *world) news() {
	for i := range 80 {
		m, invitation := pick(w.rng, w.members), id[oid.Invitation](i*29%97+1)
		client := w.related(m.at)
		ends := w.ends()
		if ends == nil {
			ends = w.moment()
		}
		w.add("invitations", row{"id": invitation, "client_id": client.id, "email": fmt.Sprintf("Guest%d@Example.org", i%31), "email_key": fmt.Sprintf("guest%d@example.org", i%31),
			"inviter_id": w.maybe(m.user), "inviter_membership_id": w.maybe(m.id), "status": pick(w.rng, []string{"PENDING", "PENDING", "ACCEPTED", "DECLINED"}),
			"token_hash": nil, "expires_at": ends})
		for range w.rng.IntN(4) {
			w.tie("invitation_roles", "invitation_id", string(invitation), "role_id", string(pick(w.rng, w.roles)))
		}
	}
	for i := range 120 {
		client := w.any()
		w.add("outbox_events", row{"id": id[oid.OutboxEvent](i*37%131 + 1), "topic": pick(w.rng, []string{"invitation.created", "user.welcome", `a "topic"`}),
			"client_id": w.maybe(client.id), "object_id": pick(w.rng, names), "payload": "{}", "status": pick(w.rng, []string{"PENDING", "DELIVERED", "DEAD"}),
			"attempts": w.rng.IntN(17), "next_at": w.moment(), "leased_by": "", "leased_until": nil, "last_error": pick(w.rng, names), "delivered_at": w.maybe(w.moment())})
	}
	for i := range 150 {
		m := pick(w.rng, w.members)
		w.link("audit_events", row{"id": id[oid.AuditEvent](i*41%151 + 1), "at": w.moment(), "client_id": w.related(m.at).id, "actor_client_id": w.maybe(m.at.id),
			"actor_user_id": w.maybe(m.user), "on_behalf": pick(w.rng, []string{"", names[5]}), "operation": pick(w.rng, []string{"userCreate", "clientUpdate"}),
			"kind": pick(w.rng, []string{"User", "Client"}), "object_id": string(m.user), "before": w.maybe(`{"name":"<b>\u2028\"x\"","n":[1,null,1.50]}`),
			"after": w.maybe(`{ "b": true, "a": {"é": ""} }`), "request_id": pick(w.rng, []string{"", "request-1"}), "seal": nil, "mac": nil})
	}
}
