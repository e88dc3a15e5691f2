package authz

import (
	"github.com/appanage/appanage/internal/enum"
)

// Embedding is what decides of one application's dependence on another (domain 8.1).
type Embedding struct {
	// Archived: what it depends on is out of use.
	Archived bool
	// SameOwner: both belong to one client, which reads without a grant and has nobody to ask.
	SameOwner bool
	// Reads: the owner of the application that depends has a grant in force on the other.
	Reads bool
	// Any: what it depends on is ANY, and with that embedded by whoever reads it.
	Any bool
	// Marked: that grant says "may be embedded".
	Marked bool
}

// State tells whether a dependency works today; if not, why. consents is the rule on the consent of the owner of what it
// depends on.
func (e Embedding) State(consents func(Embedding) bool) enum.DependencyState {
	switch {
	case e.Archived:
		return enum.DependencyArchived
	case !e.SameOwner && !e.Reads:
		return enum.DependencyNoAccess
	case !consents(e):
		return enum.DependencyNoConsent
	}
	return enum.DependencyReady
}

// embeds is the consent of domain 8.1: a mark on the grant, given by itself for ANY; one owner needs none of himself.
func embeds(e Embedding) bool { return e.SameOwner || e.Any || e.Marked }

// MayEndDependency: whoever answers for the application that depends, or for what it depends on, ends it; whatever the
// other side's owner is (domain 8.1, 8.2).
func MayEndDependency(rulesDependent, rulesDependency bool) bool {
	return rulesDependent || rulesDependency
}
