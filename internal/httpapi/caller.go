package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/reqinfo"
)

// authenticate finds who asks. Nothing but the Authorization header says so: a cookie is never a credential here, so
// no other site's page can act in its reader's name.
func (a *api) authenticate(r *http.Request) (*actor.Actor, *failure) {
	who := actor.Nobody()
	if header := r.Header.Values("Authorization"); len(header) > 0 {
		token, ok := bearer(header)
		if !ok {
			err := apperr.New(apperr.Unauthenticated, "the Authorization header must be: Bearer <token>")
			return nil, &failure{status: http.StatusUnauthorized, err: err}
		}
		ctx, cancel := context.WithTimeout(r.Context(), a.Timeout)
		defer cancel()
		known, err := a.Authenticate(ctx, token)
		if err != nil {
			return nil, &failure{status: authenticationStatus(err), err: err}
		}
		who = known
	}
	return who.At(a.Clock.Now(), reqinfo.From(r.Context()).ID), nil
}

// longestToken is longer than any token given out.
const longestToken = 4096

// bearer takes the token out of the header; ok is false unless it is written as RFC 6750 has it.
func bearer(header []string) (token string, ok bool) {
	if len(header) != 1 {
		return "", false
	}
	scheme, token, _ := strings.Cut(header[0], " ")
	return token, strings.EqualFold(scheme, "Bearer") && len(token) <= longestToken && tokenPattern.MatchString(token)
}

var (
	tokenPattern     = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)
	requestIDPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)
)

func authenticationStatus(err error) int {
	if status, ok := statuses[apperr.CodeOf(err)]; ok && apperr.CodeOf(err) != apperr.Internal {
		return status
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// requestID keeps the id a proxy gave, when it is nothing but an id, so that its log and ours can be read together.
func requestID(given string) string {
	if requestIDPattern.MatchString(given) {
		return given
	}
	return rand.Text()
}

// clientAddress is the connection's address or, behind trusted proxies, the nearest address in X-Forwarded-For that
// is none of theirs: everything farther left is what the caller claims.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	connection, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // no network connection: a test, a socket
	}
	address := plain(connection.Addr())
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !contains(trusted, address) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		address = plain(next)
	}
	return address
}

// plain is the one form of an address: no IPv4 inside IPv6, no zone.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func contains(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(address) })
}

// device is a User-Agent fit to be stored and shown.
func device(userAgent string) string {
	printable := strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, userAgent)
	return shortened(printable, 200)
}

// shortened is the text's first most characters.
func shortened(text string, most int) string {
	for i := range text {
		if most == 0 {
			return text[:i]
		}
		most--
	}
	return text
}
