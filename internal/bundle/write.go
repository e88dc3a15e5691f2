package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"strconv"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/delta"
)

// tooLarge tells of an application that no bundle holds.
func tooLarge(format string, args ...any) error {
	return apperr.New(apperr.TooLarge, "the application does not fit into a bundle: "+format, args...)
}

// writer writes a document in its canonical form: without white space, members and items in a fixed order, strings escaped
// as little as can be. The same application is the same bytes, whenever and wherever it is exported.
type writer struct {
	to     io.Writer
	sum    hash.Hash
	buffer []byte
	size   int
	first  bool // no item of the list at hand was written yet
	count  int
	err    error
}

func newWriter(to io.Writer) *writer {
	return &writer{to: to, sum: sha256.New()}
}

// flushed is how much text is gathered before it is written.
const flushed = 64 << 10

func (w *writer) add(text string) *writer {
	w.buffer = append(w.buffer, text...)
	if len(w.buffer) >= flushed {
		w.flush()
	}
	return w
}

func (w *writer) flush() {
	if w.err != nil {
		w.buffer = w.buffer[:0]
		return
	}
	if w.size += len(w.buffer); w.size > MaxBytes-512 { // room for the checksum
		w.err = tooLarge("it has more than %d MiB", MaxBytes>>20)
		return
	}
	_, _ = w.sum.Write(w.buffer)
	_, w.err = w.to.Write(w.buffer)
	w.buffer = w.buffer[:0]
}

func quoted(s string) string { return delta.OfString(s).String() }

func (w *writer) text(name, value string) *writer {
	return w.add(quoted(name) + ":" + quoted(value))
}

func (w *writer) flag(name string, value bool) *writer {
	return w.add(quoted(name) + ":" + strconv.FormatBool(value))
}

func (w *writer) names(name string, values []string) *writer {
	w.add(quoted(name) + ":[")
	for i, v := range values {
		if i > 0 {
			w.add(",")
		}
		w.add(quoted(v))
	}
	return w.add("]")
}

// list begins a list, next an item of it: all the items there are come between.
func (w *writer) list(name string) {
	w.add("," + quoted(name) + ":[")
	w.first, w.count = true, 0
}

func (w *writer) next(name string, most int) *writer {
	if w.count++; w.count > most && w.err == nil {
		w.err = tooLarge("it has more than %d %s", most, name)
	}
	if !w.first {
		w.add(",")
	}
	w.first = false
	return w
}

// head writes all that stands before the definitions.
func (w *writer) head(d *Document) {
	w.add("{").text("format", formatName).add(`,"formatVersion":` + strconv.Itoa(formatVersion))
	w.add(`,"application":{`).text("code", d.Application.Code).add(",").text("name", d.Application.Name).add(",").text("type", string(d.Application.Type))
	if d.Application.ThumbnailURL == nil {
		w.add(`,"thumbnailUrl":null}`)
	} else {
		w.add(",").text("thumbnailUrl", *d.Application.ThumbnailURL).add("}")
	}
	w.list("properties")
	for _, p := range d.Properties {
		w.next("properties", maxProperties).add("{").text("name", p.Name).add(",").text("value", p.Value).add(",").flag("public", p.Public).add("}")
	}
	w.add("]").list("permissions")
	for _, p := range d.Permissions {
		w.next("permissions", maxPermissions).add("{").text("name", p.Name).add(",").text("description", p.Description).add("}")
	}
	w.add("]").list("roles")
	for _, r := range d.Roles {
		w.next("roles", maxRoles).add("{").text("name", r.Name).add(",").text("description", r.Description).add(",").
			names("permissions", r.Permissions).add(",").names("subRoles", r.SubRoles).add("}")
	}
	w.add("]").list("packages")
	for _, p := range d.Packages {
		w.next("packages", maxPackages).add("{").text("code", p.Code).add(",").text("name", p.Name).add(",").text("description", p.Description).add(",").
			names("roles", p.Roles).add("}")
	}
	w.add("]").list("definitions")
}

// definition writes one, whose content is compact JSON.
func (w *writer) definition(d Definition) error {
	w.next("definitions", maxDefinitions).add("{").text("kind", string(d.Kind)).add(",").text("name", d.Name).add(",").
		flag("public", d.Public).add(",").flag("final", d.Final).add(`,"content":` + d.Content + "}")
	return w.err
}

// end writes what stands after the definitions, and the checksum.
func (w *writer) end(l LeftOut) error {
	w.add(`],"registrationRules":[],"leftOut":{"secrets":` + strconv.Itoa(l.Secrets) + `,"addresses":` + strconv.Itoa(l.Addresses) +
		`,"permissions":` + strconv.Itoa(l.Permissions) + `,"subRoles":` + strconv.Itoa(l.SubRoles) + `,"roles":` + strconv.Itoa(l.Roles) + "}")
	w.flush()
	if w.err != nil {
		return w.err
	}
	_, _ = io.WriteString(w.sum, "}")
	_, err := io.WriteString(w.to, `,"checksum":"`+checksumKind+hex.EncodeToString(w.sum.Sum(nil))+`"}`)
	return err
}
