// Package identity knows users, how they are identified, and their sessions (domain 2).
package identity

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/tenant"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/authority"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// Service holds the commands on users and sessions.
type Service struct {
	db     *store.DB
	limits SessionLimits
	rules  authz.Rules
	guards *authority.Service
	key    []byte // of the counters of attempts; without it nobody signs in
}

// SessionLimits says how long a session lives (domain 2.3).
type SessionLimits struct {
	Idle time.Duration // without use
	Most time.Duration // at all
}

// DefaultSessionLimits are those of domain 2.3.
var DefaultSessionLimits = SessionLimits{Idle: 30 * time.Minute, Most: 12 * time.Hour}

// New makes the service.
func New(db *store.DB, limits SessionLimits) *Service {
	return &Service{db: db, limits: limits, rules: authz.DefaultRules(), guards: authority.New(db)}
}

// Under is the service under other rules, with the guards that keep them.
func (s *Service) Under(rules authz.Rules, guards *authority.Service) *Service {
	under := *s
	under.rules, under.guards = rules, guards
	return &under
}

// Keyed is the service with the key of the counters of attempts: the same on all servers of one database.
func (s *Service) Keyed(key []byte) *Service {
	keyed := *s
	keyed.key = key
	return &keyed
}

// CreateUser is a user to be made, with a password and without an invitation: by the operator of the platform.
type CreateUser struct {
	Client   oid.Client // home
	Name     string
	UserName string
	Email    string // contact data, or with EmailProven an identifier
	Phone    string
	Password string
	// EmailProven and PhoneProven say that whoever calls vouches for the address.
	EmailProven, PhoneProven bool
	Roles                    []oid.Role // of the home membership
}

// Validate brings the command to canonical form and joins what is wrong with it.
func (c *CreateUser) Validate() error {
	var errs apperr.Collector
	input.Name(&errs, "input.name", &c.Name)
	c.UserName, c.Email, c.Phone = fold.Text(c.UserName), fold.Text(c.Email), phone(c.Phone)
	if c.UserName == "" && c.Email == "" && c.Phone == "" {
		errs.Add(apperr.At("input.userName", apperr.Invalid, "a user has a user name, an e-mail address or a phone number"))
	}
	if c.UserName != "" && (utf8.RuneCountInString(c.UserName) > 128 || kindOf(c.UserName) != byUserName || strings.ContainsFunc(c.UserName, unicode.IsControl)) {
		errs.Add(apperr.At("input.userName", apperr.Invalid, "a user name has at most 128 characters, no @, and is not all digits"))
	}
	if c.Email != "" && !validEmail(c.Email) {
		errs.Add(apperr.At("input.email", apperr.Invalid, "not an e-mail address"))
	}
	if c.Phone != "" && !validPhone(c.Phone) {
		errs.Add(apperr.At("input.phone", apperr.Invalid, "a phone number is written with its country, such as +41 44 123 45 67"))
	}
	errs.Add(checkPassword(c.Password))
	return errs.Err()
}

// CreateUser makes a user with his home membership. Errors: INVALID, NOT_FOUND (the client), TAKEN (an identifier).
func (s *Service) CreateUser(ctx context.Context, cmd CreateUser) (oid.User, error) {
	if err := cmd.Validate(); err != nil {
		return "", err
	}
	hash, err := hashPassword(ctx, cmd.Password)
	if err != nil {
		return "", err
	}
	id := oid.New[oid.User]()
	err = s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		home, err := tx.Tenant.Query().Where(tenant.ID(cmd.Client), scope.Listed(ctx, "Tenant")).Only(ctx)
		if ent.IsNotFound(err) {
			return apperr.At("input.clientId", apperr.NotFound, "no such client")
		}
		if err != nil {
			return fmt.Errorf("identity: read the home client: %w", err)
		}
		if err := insertUser(ctx, tx, id, home, cmd, hash); err != nil {
			return err
		}
		membership := tx.Membership.Create().SetClientID(home.ID).SetUserID(id).SetHome(true).AddRoleIDs(cmd.Roles...)
		if err := membership.Exec(ctx); err != nil {
			return fmt.Errorf("identity: insert the home membership: %w", err)
		}
		return audit.Record(ctx, s.db, audit.Event{Client: home.ID, Operation: "userCreate", Kind: "User", Object: string(id),
			After: map[string]any{"name": cmd.Name, "userName": cmd.UserName, "email": cmd.Email, "phone": cmd.Phone, "roleIds": cmd.Roles}})
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

func insertUser(ctx context.Context, tx *ent.Client, id oid.User, home *ent.Tenant, cmd CreateUser, hash string) error {
	create := tx.User.Create().SetID(id).SetClientID(home.ID).SetBaseID(home.BaseID).
		SetName(cmd.Name).SetNameKey(fold.Key(cmd.Name)).SetLocale(home.Locale).SetPasswordHash(hash).SetStatus(enum.UserActive)
	if cmd.UserName != "" {
		create.SetUserName(cmd.UserName).SetUserNameKey(canonical(cmd.UserName))
	}
	if cmd.Email != "" {
		create.SetEmail(cmd.Email)
		if cmd.EmailProven {
			create.SetEmailKey(canonical(cmd.Email))
		}
	}
	if cmd.Phone != "" {
		create.SetPhone(cmd.Phone)
		if cmd.PhoneProven {
			create.SetPhoneKey(canonical(cmd.Phone))
		}
	}
	err := create.Exec(ctx)
	if key := store.UniqueKey(err); key != "" {
		for column, field := range map[string]string{"user_name_key": "userName", "email_key": "email", "phone_key": "phone"} {
			if strings.HasSuffix(key, ","+column) {
				return apperr.At("input."+field, apperr.Taken, "already taken")
			}
		}
	}
	if err != nil {
		return fmt.Errorf("identity: insert a user: %w", err)
	}
	return nil
}

// identifierKind is what an identifier can be; its form tells.
type identifierKind int

const (
	byUserName identifierKind = iota
	byEmail
	byPhone
)

// kindOf: an @ makes an e-mail address, digits alone a phone number (domain 2.1).
func kindOf(identifier string) identifierKind {
	if strings.Contains(identifier, "@") {
		return byEmail
	}
	if p := phone(identifier); p != "" && strings.IndexFunc(strings.TrimPrefix(p, "+"), notDigit) < 0 {
		return byPhone
	}
	return byUserName
}

// canonical is the form in which identifiers are unique and looked up: trimmed, NFC, without case.
func canonical(identifier string) string {
	identifier = fold.Text(identifier)
	if kindOf(identifier) == byPhone {
		return strings.TrimPrefix(phone(identifier), "+")
	}
	return fold.Text(cases.Fold().String(identifier))
}

// phone drops what people put between the digits of a number.
func phone(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -./()\u00a0\u202f", r) {
			return -1
		}
		return r
	}, strings.TrimSpace(s))
}

func notDigit(r rune) bool { return r < '0' || r > '9' }

func validPhone(s string) bool {
	digits, ok := strings.CutPrefix(s, "+")
	return ok && len(digits) >= 7 && len(digits) <= 15 && strings.IndexFunc(digits, notDigit) < 0
}

// validEmail asks for what delivery needs: one @ with something before it, a domain after it, nothing that could
// break a header.
func validEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && len(s) <= 254 && !strings.Contains(domain, "@") && strings.Contains(strings.Trim(domain, "."), ".") &&
		strings.IndexFunc(s, func(r rune) bool {
			return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`<>,;:"\`, r)
		}) < 0
}
