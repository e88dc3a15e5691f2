// Package apperr is the application's error: a code, a message a person can act on, and where it helps the
// place in the input. Whatever is not an *Error is internal, and the caller sees no more of it than that.
package apperr

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Code is one of the closed list of the API's error codes (enum ErrorCode in the SDL).
type Code string

// The codes. Those before NotFound are answered at the top level of a response, the others as UserError in a
// mutation's payload (and at the top level where a query has no payload).
const (
	Unauthenticated Code = "UNAUTHENTICATED" // no valid token
	Forbidden       Code = "FORBIDDEN"       // the caller lacks the authority
	Syntax          Code = "SYNTAX"          // the document cannot be parsed
	Validation      Code = "VALIDATION"      // the document or its variables do not fit the schema
	TooLarge        Code = "TOO_LARGE"       // over a limit of size, depth or number
	TooCostly       Code = "TOO_COSTLY"      // over the limit of cost or of rows read
	Throttled       Code = "THROTTLED"       // too many requests; try again later
	Internal        Code = "INTERNAL"        // a fault of ours; carries a request id
	KeyReused       Code = "KEY_REUSED"      // the idempotency key came with another request

	NotFound    Code = "NOT_FOUND"    // unknown, or not visible to the caller: never told apart
	Invalid     Code = "INVALID"      // the value does not keep the field's rules
	Taken       Code = "TAKEN"        // unique, and already given out
	Reserved    Code = "RESERVED"     // kept by the platform
	NotAllowed  Code = "NOT_ALLOWED"  // the rules of this very object refuse it
	Conflict    Code = "CONFLICT"     // changed by somebody else since it was read
	Credentials Code = "CREDENTIALS"  // sign-in refused, for whatever reason
	Cycle       Code = "CYCLE"        // roles would include each other in a circle
	Expired     Code = "EXPIRED"      // what was sent works no more
	AlreadyDone Code = "ALREADY_DONE" // once is all it works
)

// Codes lists every code, in the order of the SDL.
func Codes() []string {
	all := []Code{
		Unauthenticated, Forbidden, Syntax, Validation, TooLarge, TooCostly, Throttled, Internal, KeyReused,
		NotFound, Invalid, Taken, Reserved, NotAllowed, Conflict, Credentials, Cycle, Expired, AlreadyDone,
	}
	out := make([]string, len(all))
	for i, c := range all {
		out[i] = string(c)
	}
	return out
}

// Error is what the caller may see.
type Error struct {
	Code    Code
	Message string
	// Path leads into the input: field names and, as decimal strings, list positions.
	Path []string
	// Version is the present version of the object, with Conflict.
	Version int
	// Also holds the further errors of the same input, so that a form can mark all its fields at once.
	Also []*Error
	// cause is for the log, never for the caller.
	cause error
}

// New makes an error without a path.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// At makes an error for one field of the input; the path is given as "input.properties.3.name".
func At(path string, code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Path: strings.Split(path, ".")}
}

// Outdated refuses a change that is based on another version than the present one.
func Outdated(path string, version int) *Error {
	e := At(path, Conflict, "changed by somebody else: it has version %d now", version)
	e.Version = version
	return e
}

// Archived refuses to add to an archived application, which the input names at a path (domain 11.1).
func Archived(path string) *Error {
	return At(path, NotAllowed, "the application is archived: nothing is added to it before it is restored")
}

// Current compares the version that a command is based on, nil for any, with the stored one.
func Current(expected *int, version int) error {
	if expected == nil || *expected == version {
		return nil
	}
	return Outdated("input.expectedVersion", version)
}

// Moved is an error of a command that another one has run, at the place where its own input names the same; any other error as it is.
func Moved(err error, from, to string) error {
	e, ok := As(err)
	if !ok {
		return err
	}
	moved := *e
	moved.Also = slices.Clone(e.Also)
	if strings.Join(e.Path, ".") == from {
		moved.Path = strings.Split(to, ".")
	}
	return &moved
}

// Because keeps the cause for the log.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

// Error implements error: for logs; the API shows Code and Message apart.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	if len(e.Path) > 0 {
		b.WriteString(" at " + strings.Join(e.Path, "."))
	}
	b.WriteString(": " + e.Message)
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// All is the error and its further ones, in the order of the input.
func (e *Error) All() []*Error { return append([]*Error{e}, e.Also...) }

// CodeOf is the code of an *Error anywhere in err's chain, Internal for every other error, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// As finds the *Error in err's chain.
func As(err error) (*Error, bool) { return errors.AsType[*Error](err) }

// OfInput tells whether a code says that something is wrong with the input of a mutation: then it is part of the
// mutation's payload.
func (c Code) OfInput() bool {
	switch c {
	case NotFound, Invalid, Taken, Reserved, NotAllowed, Conflict, Credentials, Cycle, Expired, AlreadyDone:
		return true
	}
	return false
}

// Collector gathers the errors of one input.
type Collector struct{ list []*Error }

// Add notes an error; nil is ignored.
func (c *Collector) Add(e *Error) {
	if e != nil {
		c.list = append(c.list, e)
	}
}

// AddErr notes the *Error in err's chain, with its further ones; nil is ignored. Any other error does not belong into a collection of
// errors of an input, and panics.
func (c *Collector) AddErr(err error) {
	if err == nil {
		return
	}
	e, ok := As(err)
	if !ok {
		panic(fmt.Sprintf("apperr: collected %v", err))
	}
	c.list = append(c.list, e.All()...)
}

// Err is nil when nothing was added, else the first error with the others in Also.
func (c *Collector) Err() error {
	if len(c.list) == 0 {
		return nil
	}
	first := *c.list[0]
	first.Also = c.list[1:]
	return &first
}
