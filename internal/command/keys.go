package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/property"
)

// RotateKeys encrypts the secret properties anew.
type RotateKeys struct {
	config.Database
	config.Secret
	config.Encryption
}

// Run implements the command.
func (c *RotateKeys) Run(ctx context.Context) (err error) {
	keys, err := c.EncryptionKeys(c.URL(), func() (config.Keys, error) { return c.KeysFor(c.URL()) })
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return errors.New("--encryption-key: without a key there is nothing to encrypt with")
	}
	ring, err := hub.Ring(keys)
	if err != nil {
		return err
	}
	h, err := hub.Open(ctx, c.URL(), identity.DefaultSessionLimits)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	done, err := property.Rotate(actor.System(ctx, "the operator changes the keys of secret values"), h.DB, ring)
	if done.Anew > 0 || err == nil {
		fmt.Printf("%d secret values encrypted anew under the key %s; %d were already\n", done.Anew, done.Key, done.Standing)
	}
	return err
}
