package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/identity"
	"github.com/appanage/appanage/internal/oid"
)

// Migrate applies what is pending.
type Migrate struct{ config.Database }

// Run implements the command.
func (m *Migrate) Run(ctx context.Context) error {
	h, err := hub.Open(ctx, m.URL(), identity.DefaultSessionLimits)
	if err != nil {
		return err
	}
	fmt.Println("the database is up to date")
	return h.Close()
}

// Admin groups what the operator does.
type Admin struct {
	Create Create `cmd:"" help:"Make an administrator: of the platform, or of the client named. The password is asked for, or read from a pipe or from APPANAGE_PASSWORD."`

	RotateKeys  RotateKeys  `cmd:"" help:"Encrypt every secret property anew under the first encryption key. May be interrupted, and repeated."`
	AuditVerify AuditVerify `cmd:"" help:"Check that no sealed event of the trail was changed, dropped or moved, and tell up to where it is sealed."`
}

// Create makes a user with every right his client can have.
type Create struct {
	config.Database

	UserName string `required:"" help:"User name to sign in with." placeholder:"NAME"`
	Name     string `help:"Full name; the user name when absent." placeholder:"NAME"`
	Email    string `help:"E-mail address, which you vouch for: he can sign in with it." placeholder:"ADDRESS"`
	Client   string `default:"SYSTEM" help:"Code of his client. Default: ${default}." placeholder:"CODE"`
	Password string `help:"His password: 12 characters or more." env:"APPANAGE_PASSWORD" placeholder:"PASSWORD"`
}

// Run implements the command.
func (c *Create) Run(ctx context.Context) (err error) {
	h, err := hub.Open(ctx, c.URL(), identity.DefaultSessionLimits)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	ctx = actor.System(ctx, "the operator at the command line")
	client, err := h.DB.Client(ctx).Tenant.Query().Where(tenant.Code(c.Client)).Only(ctx)
	if err != nil {
		return fmt.Errorf("--client: no client has the code %q", c.Client)
	}
	password := c.Password
	if password == "" {
		if password, err = askPassword(os.Stdin, os.Stderr); err != nil {
			return err
		}
	}
	role := authority.ClientOwnerRole
	if client.ID == oid.SystemClient {
		role = authority.OwnerRole
	}
	name := c.Name
	if name == "" {
		name = c.UserName
	}
	id, err := h.Identity.CreateUser(ctx, identity.CreateUser{
		Client: client.ID, Name: name, UserName: c.UserName, Email: c.Email, EmailProven: true, Password: password,
		Roles: []oid.Role{authority.BuiltInRole(role)},
	})
	if err != nil {
		return err
	}
	fmt.Printf("%s can sign in to %s with the role %s (%s)\n", c.UserName, client.Code, role, id)
	return nil
}

// askPassword reads a line.
func askPassword(in io.Reader, prompt io.Writer) (string, error) {
	fmt.Fprint(prompt, "Password (12 characters or more): ")
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && (!errors.Is(err, io.EOF) || line == "") {
		return "", errors.New("no password was given")
	}
	return strings.TrimRight(line, "\r\n"), nil
}
