package authz

import (
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// writesRules: the owner and those above him write the owner's rules, a client with write access its own (domain 10.3).
func writesRules(c Caller, client, owner oid.Client) bool {
	if client == owner {
		return c.Rules
	}
	return client == c.Client && c.Access == enum.LevelWrite
}

// givesByRule: whoever answers for an application gives access to it, of any level; a client with write access gives READ (domain 5.3).
func givesByRule(c Caller, app Application, level enum.AccessLevel) bool {
	return grows(app.Status) && (c.Rules || level == enum.LevelRead && MayGrant(c, app))
}
