package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/appanage/appanage/internal/oid"
)

// sweptBundle is an application with nothing in it, without its checksum.
const sweptBundle = `{"format":"appanage-bundle","formatVersion":1,"application":{"code":"swept","name":"Swept","type":"APP","thumbnailUrl":null},` +
	`"properties":[],"permissions":[],"roles":[],"packages":[],"definitions":[],"registrationRules":[]}`

// bundles: one that each member of each client has sent for it.
func (w *world) bundles() {
	sum := sha256.Sum256([]byte(sweptBundle))
	text := strings.TrimSuffix(sweptBundle, "}") + `,"checksum":"sha256:` + hex.EncodeToString(sum[:]) + `"}`
	members, err := w.ent.Membership.Query().All(w.ctx)
	w.h.Must(err)
	for _, m := range members {
		id := oid.New[oid.Bundle]()
		w.h.Must(w.ent.Bundle.Create().SetID(id).SetClientID(m.ClientID).SetUserID(m.UserID).SetSize(len(text)).SetExpiresAt(time.Now().UTC().Add(time.Hour)).Exec(w.ctx))
		w.h.Must(w.ent.BundlePart.Create().SetID(string(id) + "-0").SetBundleID(id).SetPosition(0).SetContent(text).Exec(w.ctx))
	}
}

// bundle is the one that the caller has sent.
func (r *run) bundle() string {
	for _, b := range r.v.where("bundles", "user_id", r.p.user) {
		if b["client_id"] == r.p.client {
			return b["id"]
		}
	}
	return unknownID(oid.KindBundle)
}
