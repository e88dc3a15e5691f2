package authz

import (
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// Sender is who sent a bundle, and for which client he acted.
type Sender struct {
	User   oid.User
	Client oid.Client
}

// MayExport: the owner and those above him, and the creator while he may write, whatever the access type has become
// (domain 12.1, 12.2). Whoever may take out all that the owner provides may put it in as well.
func MayExport(c Caller, app Application) bool {
	return c.Rules || app.Creator == c.Client && c.Access == enum.LevelWrite
}
