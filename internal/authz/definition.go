package authz

import (
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// Laying is what decides of a layer that a client lays over others, or under them.
type Laying struct {
	Below   bool // there is something in force below it
	OnFinal bool // what is below it takes nothing above it
}

// defines: who has write access, the owner too, makes layers of definitions: his client's, and no other (domain 5.2, 9.1).
func defines(c Caller) bool { return c.Access == enum.LevelWrite }

// overlays: nothing is laid over a layer that is final (domain 9.6).
func overlays(l Laying) bool { return !l.OnFinal }

// publishes: whether a definition is public says its lowest layer alone: who lays his over it publishes nothing that the
// owner keeps to himself (domain 9.7).
func publishes(l Laying) bool { return !l.Below }

// restores: a client gets back what it had itself (domain 9.6).
func restores(caller, author oid.Client) bool { return caller == author }
