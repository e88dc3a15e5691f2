// Package claim gives out codes, each once for all time (domain 1.2, 1.3, 4.2): by inserting into a table whose
// rows are never deleted, never by looking first. Sub-domains are among them (domain 7.1).
package claim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/store"
)

// Space is a set of names that are unique among each other.
type Space struct {
	name    string
	longest int
	fold    func(rune) rune // brings a character to the space's case, or drops it with -1
	filler  string          // begins codes of names without a usable letter
	dash    bool            // whether gaps become a dash
}

// The spaces there are.
var (
	Clients      = Space{name: "client", longest: 16, fold: upper, filler: "CLIENT"}
	Applications = Space{name: "application", longest: 63, fold: lower, filler: "app", dash: true}
)

func upper(r rune) rune {
	switch r = unicode.ToUpper(r); {
	case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return r
	}
	return -1
}

func lower(r rune) rune {
	switch r = unicode.ToLower(r); {
	case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		return r
	}
	return -1
}

// attempts bounds the suffixes tried for one name; their range grows with each, so that many requests for one
// name at the same moment all find one.
const attempts = 24

// Code claims the code asked for, TAKEN when it was ever given out; or, with none asked for, one made from the
// name, with a suffix where the plain one is taken.
func Code(ctx context.Context, tx *ent.Client, space Space, asked, name string) (string, error) {
	if asked != "" {
		if ok, err := insert(ctx, tx, space, asked); err != nil {
			return "", err
		} else if !ok {
			return "", apperr.At("input.code", apperr.Taken, "the code %q was already given out", asked)
		}
		return asked, nil
	}
	stem := space.Stem(name)
	for i := range attempts {
		code := stem
		if i > 0 || space.Reserved(stem) {
			code = space.withSuffix(stem, strconv.Itoa(2+rand.N(1<<min(i+1, 30)))) //nolint:gosec // a suffix is no secret
		}
		if ok, err := insert(ctx, tx, space, code); err != nil || ok {
			return code, err
		}
	}
	return "", apperr.At("input.code", apperr.Taken, "no free code was found for this name: give one")
}

// insert claims a name; false when it is claimed. On both engines a refused row leaves the transaction usable.
func insert(ctx context.Context, tx *ent.Client, space Space, code string) (bool, error) {
	err := mark(ctx, tx, space.name+"/"+code)
	if store.IsUnique(err) {
		return false, nil
	}
	return err == nil, err
}

// mark writes a row, for good.
func mark(ctx context.Context, tx *ent.Client, id string) error {
	ctx = asPlatform(ctx)
	if err := tx.ClaimedName.Create().SetID(id).SetClaimedAt(actor.From(ctx).Now()).Exec(ctx); err != nil {
		return fmt.Errorf("claim: insert: %w", err)
	}
	return nil
}

func asPlatform(ctx context.Context) context.Context {
	return actor.System(ctx, "claimed names belong to nobody")
}

// Stem makes a code from the letters and digits of a name: accents dropped, cut to length, beginning with a letter.
func (s Space) Stem(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(name) {
		switch f := s.fold(r); {
		case f != -1 && (b.Len() > 0 || unicode.IsLetter(f)):
			if gap && s.dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			b.WriteRune(f)
			gap = false
		case !unicode.Is(unicode.Mn, r):
			gap = true
		}
	}
	stem := b.String()
	if len(stem) > s.longest {
		stem = strings.TrimRight(stem[:s.longest], "-")
	}
	if len(stem) < 2 {
		stem = s.filler + stem
	}
	return stem
}

func (s Space) withSuffix(stem, suffix string) string {
	if s.dash {
		suffix = "-" + suffix
	}
	if len(stem)+len(suffix) > s.longest {
		stem = strings.TrimRight(stem[:s.longest-len(suffix)], "-")
	}
	return stem + suffix
}

// Reserved tells whether a code is kept by the platform: names that have, or may come to have, a meaning of their
// own as a path or a host (domain 4.2).
func (s Space) Reserved(code string) bool { return s.dash && reserved[code] }

var reserved = func() map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(`
		about account accounts admin administrator analytics api app apps appanage application applications assets
		audit auth autoconfig autodiscover billing blog cdn client clients console dashboard data demo dev docs email
		explorer favicon files ftp graphiql graphql health healthz help home host hub idm imap internal login logout
		mail marketplace me metrics mx node ns ns1 ns2 oauth oauth2 oidc openid page pages platform pop postmaster
		public readyz register registration root robots security session sessions settings shop signin signup site
		smtp sso staging static status subscribe support system test token tokens user users webhook webhooks
		well-known www`) {
		set[name] = true
	}
	return set
}()
