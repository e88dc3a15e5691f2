package definition

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/oklog/ulid/v2"

	"github.com/appanage/appanage/internal/oid"
)

// macSize is half of SHA-256's 32 bytes, as in a cursor.
const macSize = 16

// etag names a reading: it carries the versions in force that made it, lowest first, and is bound to the definition and to
// the client that it was read for. So it tells, when it comes back with a save, what the author saw.
func (s *Service) etag(place Place, client oid.Client, seen []oid.DefinitionVersion) string {
	body := make([]byte, 0, macSize+len(seen)*len(ulid.ULID{}))
	body = body[:macSize]
	for _, id := range seen {
		u := ulid.MustParseStrict(string(id)[len(id.Kind())+1:]) // made by us
		body = append(body, u[:]...)
	}
	copy(body, s.mac(place, client, body[macSize:]))
	return base64.RawURLEncoding.EncodeToString(body)
}

// seen gives the versions that an etag carries; ok is false for every text that is no etag of this definition, read for
// this client.
func (s *Service) seen(place Place, client oid.Client, etag string) (versions []oid.DefinitionVersion, ok bool) {
	const each = len(ulid.ULID{})
	raw, err := base64.RawURLEncoding.Strict().DecodeString(etag)
	if err != nil || len(raw) <= macSize || (len(raw)-macSize)%each != 0 || !hmac.Equal(raw[:macSize], s.mac(place, client, raw[macSize:])) {
		return nil, false
	}
	prefix := string(oid.DefinitionVersion("").Kind()) + "_"
	for body := raw[macSize:]; len(body) > 0; body = body[each:] {
		versions = append(versions, oid.DefinitionVersion(prefix+ulid.ULID(body[:each]).String()))
	}
	return versions, true
}

func (s *Service) mac(place Place, client oid.Client, body []byte) []byte {
	h := hmac.New(sha256.New, s.key)
	for _, part := range []string{string(place.Application), string(place.Kind), place.Name, string(client)} {
		_, _ = h.Write([]byte(part + "\x00")) // a hash takes everything, and none of the parts has a zero in it
	}
	_, _ = h.Write(body)
	return h.Sum(nil)[:macSize]
}
