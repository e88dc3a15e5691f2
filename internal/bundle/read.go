package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/delta"
)

// Read reads a document from its beginning to its end, and checks all of it that can be checked without a database. What
// is wrong with it is an error of code INVALID that tells the place by a JSON pointer (RFC 6901); errors of the reader come
// through as they are. It holds one item of a list at a time: definitions go to each as they come, and are not kept, nor
// is what they came to right before all of the document was found right.
func Read(r io.Reader, each func(Definition) error) (*Document, error) {
	in := &reader{source: &source{from: r}, sum: sha256.New(), each: each, doc: &Document{}, names: map[string]bool{}}
	in.decoder = jsontext.NewDecoder(in.source)
	if err := in.document(); err != nil {
		return nil, in.refuse(err)
	}
	return in.doc, in.doc.check()
}

// wrong refuses what is at a place of the document.
func wrong(pointer, format string, args ...any) *apperr.Error {
	if pointer == "" {
		pointer = "the document"
	}
	return apperr.New(apperr.Invalid, "%s: %s", pointer, fmt.Sprintf(format, args...))
}

// source remembers what went wrong below the decoder, which tells it in its own words.
type source struct {
	from io.Reader
	err  error
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// reader reads one document.
type reader struct {
	source   *source
	decoder  *jsontext.Decoder
	sum      hash.Hash // over the canonical text of what was read, but the checksum
	each     func(Definition) error
	doc      *Document
	names    map[string]bool // of the members that were there
	checksum string
	members  int // of the document, written to sum
	defined  map[string]bool
}

// refuse puts the decoder's errors in our words.
func (in *reader) refuse(err error) error {
	if in.source.err != nil {
		return in.source.err
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return wrong(string(syntactic.JSONPointer), "this is not JSON as a bundle has it (%s, byte %d)", detail(syntactic), syntactic.ByteOffset)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return wrong("", "it ends too early")
	}
	return err
}

func detail(err *jsontext.SyntacticError) string {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends too early"
	case errors.Is(err, jsontext.ErrDuplicateName):
		return "a member that is there twice"
	}
	return err.Err.Error()
}

// document reads the whole: one object, and nothing after it.
func (in *reader) document() error {
	if in.decoder.PeekKind() != jsontext.KindBeginObject {
		if _, err := in.decoder.ReadToken(); err != nil {
			return err
		}
		return wrong("", "it is not an object")
	}
	if _, err := in.decoder.ReadToken(); err != nil {
		return err
	}
	in.hash("{")
	for in.decoder.PeekKind() != jsontext.KindEndObject {
		name, err := in.decoder.ReadToken()
		if err != nil {
			return err
		}
		if err := in.member(name.String()); err != nil {
			return err
		}
	}
	if _, err := in.decoder.ReadToken(); err != nil {
		return err
	}
	in.hash("}")
	if _, err := in.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = wrong("", "more text follows")
		}
		return err
	}
	return in.complete()
}

func (in *reader) hash(text string) { _, _ = io.WriteString(in.sum, text) } // a hash takes everything

// member reads a member of the document.
func (in *reader) member(name string) error {
	in.names[name] = true
	at := pointer("", name)
	if name == "checksum" {
		v, err := in.value(at)
		if err != nil {
			return err
		}
		in.checksum, err = item{at, v}.text()
		return err
	}
	if in.members++; in.members > 1 {
		in.hash(",")
	}
	in.hash(delta.OfString(name).String() + ":")
	if list, ok := lists[name]; ok {
		return in.list(at, list)
	}
	read, ok := values[name]
	if !ok {
		return wrong(at, "version %d of the format has no such member", formatVersion)
	}
	v, err := in.value(at)
	if err != nil {
		return err
	}
	in.hash(v.String())
	return read(in, item{at, v})
}

// values read the members that are no lists.
var values = map[string]func(*reader, item) error{
	"format": func(_ *reader, i item) error {
		if name, err := i.text(); err != nil || name != formatName {
			return wrong(i.at, "this is not a bundle: the format is not %q", formatName)
		}
		return nil
	},
	"formatVersion": func(_ *reader, i item) error {
		if i.v.Kind() != delta.Number || i.v.Text() != strconv.Itoa(formatVersion) {
			return wrong(i.at, "this server reads version %d of the format", formatVersion)
		}
		return nil
	},
	"application": func(in *reader, i item) (err error) {
		in.doc.Application, err = i.application()
		return err
	},
	"leftOut": func(in *reader, i item) (err error) {
		in.doc.LeftOut, err = i.leftOut()
		return err
	},
}

// items reads the items of a list of the document, at most so many.
type items struct {
	most int
	read func(*reader, item) error
}

var lists = map[string]items{
	"properties":  {maxProperties, func(in *reader, i item) error { return keep(&in.doc.Properties, i, item.property) }},
	"permissions": {maxPermissions, func(in *reader, i item) error { return keep(&in.doc.Permissions, i, item.permission) }},
	"roles":       {maxRoles, func(in *reader, i item) error { return keep(&in.doc.Roles, i, item.role) }},
	"packages":    {maxPackages, func(in *reader, i item) error { return keep(&in.doc.Packages, i, item.pkg) }},
	"definitions": {maxDefinitions, (*reader).definition},
	"registrationRules": {1, func(_ *reader, i item) error {
		return wrong(i.at, "version %d of the format has no registration rules yet: the list is empty", formatVersion)
	}},
}

func keep[T any](list *[]T, i item, read func(item) (T, error)) error {
	one, err := read(i)
	*list = append(*list, one)
	return err
}

// definition hands one on. No two have the same kind and name.
func (in *reader) definition(i item) error {
	d, err := i.definition()
	if err != nil {
		return err
	}
	key := string(d.Kind) + " " + d.Name
	if in.defined == nil {
		in.defined = map[string]bool{}
	}
	if in.defined[key] {
		return wrong(i.at, "there is another definition of this kind and name")
	}
	in.defined[key] = true
	return in.each(d)
}

// list reads a list, item by item.
func (in *reader) list(at string, list items) error {
	if in.decoder.PeekKind() != jsontext.KindBeginArray {
		if _, err := in.value(at); err != nil {
			return err
		}
		return wrong(at, "this is not a list")
	}
	if _, err := in.decoder.ReadToken(); err != nil {
		return err
	}
	in.hash("[")
	for n := 0; in.decoder.PeekKind() != jsontext.KindEndArray; n++ {
		here := pointer(at, strconv.Itoa(n))
		if n >= list.most {
			return wrong(here, "at most %d are taken", list.most)
		}
		v, err := in.value(here)
		if err != nil {
			return err
		}
		if n > 0 {
			in.hash(",")
		}
		in.hash(v.String())
		if err := list.read(in, item{here, v}); err != nil {
			return err
		}
	}
	in.hash("]")
	_, err := in.decoder.ReadToken()
	return err
}

// value reads one value that is not too large.
func (in *reader) value(at string) (delta.Value, error) {
	raw, err := in.decoder.ReadValue()
	if err != nil {
		return delta.Value{}, err
	}
	// A definition is an object with the content in it: one level more.
	v, err := delta.Parse(raw, delta.Limits{Bytes: maxItem, Depth: definition.Limits.Depth + 1})
	if refused, ok := errors.AsType[*delta.Error](err); ok {
		return v, wrong(at+refused.Pointer, "%s", refused.Reason)
	}
	return v, err
}

// complete asks for what every document has, and for the checksum of this one.
func (in *reader) complete() error {
	for _, name := range []string{"format", "formatVersion", "application", "properties", "permissions", "roles", "packages", "definitions", "registrationRules", "checksum"} {
		if !in.names[name] {
			return wrong(pointer("", name), "this member is missing")
		}
	}
	if want := checksumKind + hex.EncodeToString(in.sum.Sum(nil)); in.checksum != want {
		return wrong("/checksum", "the document is damaged, or was changed: its checksum is not that of what it says")
	}
	return nil
}

// pointer leads a pointer on.
func pointer(to, segment string) string { return delta.Join(to, segment) }
