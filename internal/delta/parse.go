package delta

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Limits bound what Parse takes; zero is no limit.
type Limits struct {
	Bytes int // of the text
	Depth int // objects and arrays within each other: 1 is one whose members or items have none
}

// ForDelta is how deep a delta between two documents within these limits can be, and no bound of its length: what
// people send is bounded where it comes in, and what we made of it must be readable for ever.
func (l Limits) ForDelta() Limits {
	if l.Depth == 0 {
		return Limits{}
	}
	return Limits{Depth: 2*l.Depth + 2} // a level of objects is two of a directive: it, and its "members"
}

// Reasons for which a text or a delta is refused; an Error wraps one of them.
var (
	ErrTooLong   = errors.New("the text is too long")
	ErrTooDeep   = errors.New("objects and lists are nested too deep")
	ErrDuplicate = errors.New("this member is there twice")
	ErrUnicode   = errors.New("the text is not valid UTF-8, or names half a character")
	ErrTrailing  = errors.New("more text follows the value")
	ErrSyntax    = errors.New("this is not JSON")
	ErrDirective = errors.New("this is not a delta")
)

// Error tells where a text is not acceptable JSON, or a delta is not one.
type Error struct {
	Pointer string // RFC 6901
	Offset  int64  // in bytes; -1 where what is wrong is not of the text
	Reason  error  // one of those above
	Detail  string // for people; may be empty
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Reason.Error())
	if e.Detail != "" {
		fmt.Fprintf(&b, " (%s)", e.Detail)
	}
	if e.Pointer != "" {
		fmt.Fprintf(&b, ", at %q", e.Pointer)
	}
	if e.Offset >= 0 {
		fmt.Fprintf(&b, ", byte %d", e.Offset)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Reason }

// Parse reads one JSON value. Errors are of type *Error.
func Parse(text []byte, limits Limits) (Value, error) {
	if limits.Bytes > 0 && len(text) > limits.Bytes {
		return Value{}, &Error{Offset: int64(limits.Bytes), Reason: ErrTooLong, Detail: fmt.Sprintf("%d bytes at most", limits.Bytes)}
	}
	decoder := jsontext.NewDecoder(bytes.NewBuffer(text))
	checked, err := decoder.ReadValue()
	if err != nil {
		return Value{}, refused(err)
	}
	end := decoder.InputOffset()
	if _, err := decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return Value{}, &Error{Offset: end, Reason: ErrTrailing}
	}
	r := reader{text: string(checked), start: end - int64(len(checked)), limit: limits.Depth}
	return r.value(0)
}

// reader reads the values of a text that was found to be JSON. Their strings and numbers are parts of it.
type reader struct {
	text    string
	at      int
	start   int64 // of the text, in what it came in
	limit   int
	members []member // of the objects that are being read, innermost last
	items   []Value  // of the arrays
	scratch []byte
	// What values are made of comes in slabs: a document lives and goes as a whole.
	trees      slab[tree]
	memberSlab slab[member]
	itemSlab   slab[Value]
}

// slab gives out pieces of larger allocations.
type slab[T any] struct {
	free []T
	next int // how many the next allocation has at least
}

func (s *slab[T]) take(n int) []T {
	if n > len(s.free) {
		s.next = min(max(2*s.next, 4), 512)
		s.free = make([]T, max(n, s.next))
	}
	piece := s.free[:n:n]
	s.free = s.free[n:]
	return piece
}

// peek is the next byte that means something, to which it goes on. Commas and colons are known to be where they should.
func (r *reader) peek() byte {
	for {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\n', '\r', ',', ':':
			r.at++
		default:
			return c
		}
	}
}

func (r *reader) value(depth int) (Value, error) {
	switch r.peek() {
	case '{', '[':
		if r.limit > 0 && depth == r.limit {
			return Value{}, &Error{Offset: r.start + int64(r.at), Reason: ErrTooDeep, Detail: fmt.Sprintf("%d at most", r.limit)}
		}
		if r.text[r.at] == '{' {
			return r.object(depth + 1)
		}
		return r.array(depth + 1)
	case '"':
		return OfString(r.string()), nil
	case 'n':
		r.at += len("null")
		return Value{kind: Null}, nil
	case 't':
		r.at += len("true")
		return Value{kind: True}, nil
	case 'f':
		r.at += len("false")
		return Value{kind: False}, nil
	}
	return Value{kind: Number, text: r.number()}, nil
}

func (r *reader) object(depth int) (Value, error) {
	start := len(r.members)
	r.at++
	for r.peek() != '}' {
		name := r.string()
		v, err := r.value(depth)
		if err != nil {
			return Value{}, within(name, err)
		}
		r.members = append(r.members, member{name, v})
	}
	r.at++
	made := &r.trees.take(1)[0]
	made.members = r.memberSlab.take(len(r.members) - start)
	copy(made.members, r.members[start:])
	r.members = r.members[:start]
	return Value{kind: Object, tree: made}, nil
}

func (r *reader) array(depth int) (Value, error) {
	start := len(r.items)
	r.at++
	for r.peek() != ']' {
		n := len(r.items) - start
		v, err := r.value(depth)
		if err != nil {
			return Value{}, within(fmt.Sprint(n), err)
		}
		r.items = append(r.items, v)
	}
	r.at++
	made := &r.trees.take(1)[0]
	made.items = r.itemSlab.take(len(r.items) - start)
	copy(made.items, r.items[start:])
	r.items = r.items[:start]
	return Value{kind: Array, tree: made}, nil
}

// string reads a string, of which most are said as they are written.
func (r *reader) string() string {
	start := r.at
	r.at++
	length := strings.IndexByte(r.text[r.at:], '"')
	if plain := r.text[r.at : r.at+length]; strings.IndexByte(plain, '\\') < 0 {
		r.at += length + 1
		return plain
	}
	for r.text[r.at] != '"' {
		if r.text[r.at] == '\\' {
			r.at++
		}
		r.at++
	}
	r.at++
	r.scratch, _ = jsontext.AppendUnquote(r.scratch[:0], r.text[start:r.at]) // it was found to be a string
	return string(r.scratch)
}

func (r *reader) number() string {
	start := r.at
	for r.at < len(r.text) && strings.IndexByte(",]} \t\n\r", r.text[r.at]) < 0 {
		r.at++
	}
	return r.text[start:r.at]
}

// refused puts the tokenizer's errors in our words.
func refused(err error) error {
	e := &Error{Reason: ErrSyntax}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		e.Offset, e.Pointer = syntactic.ByteOffset, string(syntactic.JSONPointer)
		if errors.Is(err, jsontext.ErrDuplicateName) {
			e.Reason = ErrDuplicate
			return e
		}
	}
	e.Detail = detail(err)
	if strings.Contains(e.Detail, "UTF-8") || strings.Contains(e.Detail, "surrogate") {
		e.Reason, e.Detail = ErrUnicode, ""
	}
	return e
}

// detail is the bare reason of one of the tokenizer's errors.
func detail(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "the text ends too early"
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return syntactic.Err.Error()
	}
	return err.Error()
}
