// Package cursor makes the opaque positions of keyset pages: the value of the sort key and the id that breaks
// ties, never a column's name. A cursor is authenticated and bound to the kind, order and filter of its list: one that
// was made up, torn, or taken from another such list is refused, not guessed at.
package cursor

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash"
	"sync"
)

// ErrBad is every cursor that is not one of this list.
var ErrBad = errors.New("not a cursor of this list")

// macSize is half of SHA-256's 32 bytes: 128 bits are beyond guessing, and cursors stay short.
const macSize = 16

// Codec makes and reads cursors under one key, the same on every node.
type Codec struct{ macs *sync.Pool }

// NewCodec takes the key, 32 random bytes.
func NewCodec(key []byte) Codec {
	return Codec{&sync.Pool{New: func() any { return &signer{Hash: hmac.New(sha256.New, key)} }}}
}

// signer is an HMAC with room for what it writes and gives.
type signer struct {
	hash.Hash
	body, text []byte
	sum        [sha256.Size]byte
}

// Position is a place in a list: after the row with this sort value and id. Value is empty where the list is
// ordered by id alone.
type Position struct{ Value, ID string }

// Encode writes a position of the list that binding describes.
func (c Codec) Encode(binding string, p Position) string {
	return string(c.Append(nil, binding, []byte(p.Value), []byte(p.ID)))
}

// Append is Encode of a value and an id at the end of other text.
func (c Codec) Append(out []byte, binding string, value, id []byte) []byte {
	s := c.macs.Get().(*signer) //nolint:forcetypeassert // nothing else is put in
	defer c.macs.Put(s)
	s.body = binary.AppendUvarint(s.body[:0], uint64(len(value)))
	s.body = append(append(s.body, value...), id...)
	s.text = append(append(s.text[:0], s.mac(binding, s.body)...), s.body...)
	return base64.RawURLEncoding.AppendEncode(out, s.text)
}

// Decode reads a cursor of the same list, ErrBad for every other text.
func (c Codec) Decode(binding, s string) (Position, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) <= macSize {
		return Position{}, ErrBad
	}
	body := raw[macSize:]
	m := c.macs.Get().(*signer) //nolint:forcetypeassert // nothing else is put in
	defer c.macs.Put(m)
	if !hmac.Equal(raw[:macSize], m.mac(binding, body)) {
		return Position{}, ErrBad
	}
	n, used := binary.Uvarint(body)
	if used <= 0 || n > uint64(len(body)-used) {
		return Position{}, ErrBad
	}
	rest := body[used:]
	return Position{Value: string(rest[:n]), ID: string(rest[n:])}, nil
}

// mac authenticates a body for a binding; the slice is good until the next call.
func (s *signer) mac(binding string, body []byte) []byte {
	s.Reset()
	s.text = binary.AppendUvarint(s.text[:0], uint64(len(binding)))
	s.text = append(s.text, binding...)
	_, _ = s.Write(s.text) // a hash takes everything
	_, _ = s.Write(body)
	return s.Sum(s.sum[:0])[:macSize]
}
