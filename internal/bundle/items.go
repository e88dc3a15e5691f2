package bundle

import (
	"slices"
	"strconv"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/delta"
)

// item is a value of the document, with its place there.
type item struct {
	at string
	v  delta.Value
}

// members reads an object, each member by what is known of it. One that is not known, or needed and not there, is wrong:
// what a newer format means by it nobody here can tell.
func (i item) members(known map[string]func(item) error, needed ...string) error {
	if i.v.Kind() != delta.Object {
		return wrong(i.at, "this is not an object")
	}
	seen := make([]string, 0, len(known))
	for name, v := range i.v.Members() {
		read, ok := known[name]
		if !ok {
			return wrong(pointer(i.at, name), "version %d of the format has no such member", formatVersion)
		}
		if err := read(item{pointer(i.at, name), v}); err != nil {
			return err
		}
		seen = append(seen, name)
	}
	for _, name := range needed {
		if !slices.Contains(seen, name) {
			return wrong(pointer(i.at, name), "this member is missing")
		}
	}
	return nil
}

func (i item) text() (string, error) {
	if i.v.Kind() != delta.String {
		return "", wrong(i.at, "this is not a string")
	}
	return i.v.Text(), nil
}

// The following read a member into what it is for.

func textInto(into *string) func(item) error {
	return func(i item) (err error) {
		*into, err = i.text()
		return err
	}
}

func flagInto(into *bool) func(item) error {
	return func(i item) error {
		*into = i.v.Kind() == delta.True
		if !*into && i.v.Kind() != delta.False {
			return wrong(i.at, "this is not true or false")
		}
		return nil
	}
}

func countInto(into *int) func(item) error {
	return func(i item) (err error) {
		if *into, err = strconv.Atoi(i.v.Text()); err != nil || i.v.Kind() != delta.Number || *into < 0 {
			return wrong(i.at, "this is not a number of things")
		}
		return nil
	}
}

func wordInto[T interface {
	~string
	Values() []string
}](into *T) func(item) error {
	return func(i item) error {
		word, err := i.text()
		*into = T(word)
		if err == nil && !slices.Contains((*into).Values(), word) {
			return wrong(i.at, "not one of the words that are known here: %q", shortened(word))
		}
		return err
	}
}

// namesInto reads a list of strings, no two the same.
func namesInto(into *[]string) func(item) error {
	return func(i item) error {
		if i.v.Kind() != delta.Array {
			return wrong(i.at, "this is not a list")
		}
		if i.v.Len() > maxNamed {
			return wrong(i.at, "at most %d are taken", maxNamed)
		}
		seen, n := make(map[string]bool, i.v.Len()), 0
		for v := range i.v.Items() {
			at := pointer(i.at, strconv.Itoa(n))
			name, err := item{at, v}.text()
			if err != nil {
				return err
			}
			if seen[name] {
				return wrong(at, "this stands in the list twice")
			}
			seen[name] = true
			*into = append(*into, name)
			n++
		}
		return nil
	}
}

func (i item) application() (a Application, err error) {
	err = i.members(map[string]func(item) error{
		"code": textInto(&a.Code), "name": textInto(&a.Name), "type": wordInto(&a.Type),
		"thumbnailUrl": func(i item) error {
			if i.v.Kind() == delta.Null {
				return nil
			}
			a.ThumbnailURL = new(string)
			return textInto(a.ThumbnailURL)(i)
		},
	}, "code", "name", "type", "thumbnailUrl")
	return a, err
}

func (i item) property() (p Property, err error) {
	err = i.members(map[string]func(item) error{
		"name": textInto(&p.Name), "value": textInto(&p.Value), "public": flagInto(&p.Public),
	}, "name", "value", "public")
	return p, err
}

func (i item) permission() (p Permission, err error) {
	err = i.members(map[string]func(item) error{
		"name": textInto(&p.Name), "description": textInto(&p.Description),
	}, "name", "description")
	return p, err
}

func (i item) role() (r Role, err error) {
	err = i.members(map[string]func(item) error{
		"name": textInto(&r.Name), "description": textInto(&r.Description),
		"permissions": namesInto(&r.Permissions), "subRoles": namesInto(&r.SubRoles),
	}, "name", "description", "permissions", "subRoles")
	return r, err
}

func (i item) pkg() (p Package, err error) {
	err = i.members(map[string]func(item) error{
		"code": textInto(&p.Code), "name": textInto(&p.Name), "description": textInto(&p.Description), "roles": namesInto(&p.Roles),
	}, "name", "description", "roles")
	return p, err
}

func (i item) leftOut() (l LeftOut, err error) {
	err = i.members(map[string]func(item) error{
		"secrets": countInto(&l.Secrets), "addresses": countInto(&l.Addresses), "permissions": countInto(&l.Permissions),
		"subRoles": countInto(&l.SubRoles), "roles": countInto(&l.Roles),
	})
	return l, err
}

func (i item) definition() (d Definition, err error) {
	err = i.members(map[string]func(item) error{
		"kind": wordInto(&d.Kind), "name": textInto(&d.Name), "public": flagInto(&d.Public), "final": flagInto(&d.Final),
		"content": func(i item) error {
			if i.v.Kind() != delta.Object {
				return wrong(i.at, "a definition is an object")
			}
			d.Content = i.v.String()
			if len(d.Content) > definition.Limits.Bytes {
				return wrong(i.at, "a definition has at most %d bytes", definition.Limits.Bytes)
			}
			return nil
		},
	}, "kind", "name", "public", "final", "content")
	if err != nil {
		return d, err
	}
	var errs apperr.Collector
	definition.CheckPlace(&errs, definition.Place{Kind: d.Kind, Name: d.Name})
	return d, by(pointer(i.at, "name"), errs.Err())
}

// shortened is the beginning of a text that is told back.
func shortened(text string) string {
	const most = 64
	for n := range text {
		if n >= most {
			return text[:n] + "…"
		}
	}
	return text
}
