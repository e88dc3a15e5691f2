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
)

// ErrBad is every cursor that is not one of this list.
var ErrBad = errors.New("not a cursor of this list")

// macSize is half of SHA-256's 32 bytes: 128 bits are beyond guessing, and cursors stay short.
const macSize = 16

// Codec makes and reads cursors under one key, the same on every node.
type Codec struct{ key []byte }

// NewCodec takes the key, 32 random bytes.
func NewCodec(key []byte) Codec { return Codec{key} }

// Position is a place in a list: after the row with this sort value and id. Value is empty where the list is
// ordered by id alone.
type Position struct{ Value, ID string }

// Encode writes a position of the list that binding describes.
func (c Codec) Encode(binding string, p Position) string {
	body := binary.AppendUvarint(nil, uint64(len(p.Value)))
	body = append(append(body, p.Value...), p.ID...)
	return base64.RawURLEncoding.EncodeToString(append(c.mac(binding, body), body...))
}

// Decode reads a cursor of the same list, ErrBad for every other text.
func (c Codec) Decode(binding, s string) (Position, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) <= macSize {
		return Position{}, ErrBad
	}
	body := raw[macSize:]
	if !hmac.Equal(raw[:macSize], c.mac(binding, body)) {
		return Position{}, ErrBad
	}
	n, used := binary.Uvarint(body)
	if used <= 0 || n > uint64(len(body)-used) {
		return Position{}, ErrBad
	}
	rest := body[used:]
	return Position{Value: string(rest[:n]), ID: string(rest[n:])}, nil
}

func (c Codec) mac(binding string, body []byte) []byte {
	m := hmac.New(sha256.New, c.key)
	m.Write(binary.AppendUvarint(nil, uint64(len(binding))))
	m.Write([]byte(binding))
	m.Write(body)
	return m.Sum(nil)[:macSize]
}
