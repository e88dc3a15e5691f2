package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/appanage/appanage/internal/apperr"
)

// objectMembers takes a JSON object apart. Unlike encoding/json it refuses a name that is there twice: two programs
// that read the same request must not see two different ones. The values are parts of the body, not copies.
func objectMembers(body []byte) (map[string]json.RawMessage, *failure) {
	if !json.Valid(body) {
		return nil, badRequest(apperr.Syntax, "the body is not JSON")
	}
	s := scanner{rest: body}
	if s.next() != '{' {
		return nil, badRequest(apperr.Validation, "the body must be one JSON object; lists of operations are not supported")
	}
	members := make(map[string]json.RawMessage, 4)
	for s.past(); s.next() != '}'; {
		if s.next() == ',' {
			s.past()
		}
		name := unquoted(s.value())
		s.next() // to the colon
		s.past()
		if _, twice := members[name]; twice {
			return nil, badRequest(apperr.Validation, "the body has a member twice")
		}
		members[name] = s.value()
	}
	return members, nil
}

// scanner goes through text that is known to be valid JSON, and so has nothing to report.
type scanner struct{ rest []byte }

// next gives the first byte after white space, which stays the next one.
func (s *scanner) next() byte {
	s.rest = bytes.TrimLeft(s.rest, " \t\r\n")
	return s.rest[0]
}

// past goes past one byte.
func (s *scanner) past() { s.rest = s.rest[1:] }

// value goes past a value and gives its text.
func (s *scanner) value() []byte {
	var end int
	switch s.next() {
	case '"':
		end = stringEnd(s.rest)
	case '{', '[':
		end = nestedEnd(s.rest)
	default: // a number, true, false or null, up to what can follow it in an object
		end = bytes.IndexAny(s.rest, ",} \t\r\n")
	}
	text := s.rest[:end:end]
	s.rest = s.rest[end:]
	return text
}

// stringEnd is the length of the string that the text begins with.
func stringEnd(text []byte) int {
	for i := 1; ; i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// nestedEnd is the length of the object or list that the text begins with.
func nestedEnd(text []byte) int {
	for i, depth := 0, 0; ; i++ {
		switch text[i] {
		case '"':
			i += stringEnd(text[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}

// unquoted is the value of a JSON string.
func unquoted(text []byte) string {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		panic(fmt.Sprintf("httpapi: a valid name cannot be read: %v", err))
	}
	return s
}
