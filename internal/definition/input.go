package definition

import (
	"regexp"
	"strings"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/input"
	"github.com/appanage/appanage/internal/oid"
)

var namePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./-]{0,127}$`)

// Save saves a definition for the caller's client (domain 9.5): the whole object, and the reading it was made from.
type Save struct {
	Place

	Content string
	ETag    *string // nil: there was none
	// Public and Final are as they were, or false, where nil.
	Public, Final *bool
}

// Patch changes a definition for the caller's client: by a delta against what a reading shows.
type Patch struct {
	Place

	Patch         string
	ETag          string
	Public, Final *bool
}

// Delete takes the layer of the caller's client away (domain 9.6).
type Delete struct {
	Place

	ExpectedVersion *int
	Force           bool // what builds on it goes too
}

// Restore makes the layer of the caller's client what it was in one of its versions (domain 9.6).
type Restore struct {
	Version oid.DefinitionVersion
	// ExpectedVersion of the layer; 0: there is none.
	ExpectedVersion *int
}

// CheckPlace notes what names no definition.
func CheckPlace(errs *apperr.Collector, p Place) {
	input.Word(errs, "input.kind", p.Kind)
	if !namePattern.MatchString(p.Name) {
		errs.Add(apperr.At("input.name", apperr.Invalid,
			"a definition's name is 1 to 128 letters, digits, `_`, `-`, `.` and `/`, and begins with a letter, a digit or `_`"))
	}
}

// ParseContent reads a definition as people send it, and notes what is wrong with it.
func ParseContent(errs *apperr.Collector, path, text string) delta.Value {
	v := parse(errs, path, text)
	if v.Present() && v.Kind() != delta.Object {
		errs.Add(apperr.At(path, apperr.Invalid, "a definition is a JSON object"))
	}
	return v
}

// parse reads what people send. Of what is wrong it says where.
func parse(errs *apperr.Collector, path, text string) delta.Value {
	v, err := delta.Parse([]byte(text), Limits)
	if err != nil {
		errs.Add(wrong(path, err))
	}
	return v
}

// longestComplaint is how much is said of what is wrong with a text: the pointer to it may be as long as the text.
const longestComplaint = 512

// wrong says what is wrong with JSON, and where.
func wrong(path string, err error) *apperr.Error {
	said := err.Error()
	if len(said) > longestComplaint {
		said = strings.ToValidUTF8(said[:longestComplaint], "") + "…"
	}
	return apperr.At(path, apperr.Invalid, "%s", said)
}

// read brings the command to what is decided on, or joins what is wrong with it.
func (c *Save) read() (edit, error) {
	var errs apperr.Collector
	CheckPlace(&errs, c.Place)
	want := ParseContent(&errs, "input.content", c.Content)
	return edit{
		operation: "definitionSave", place: c.Place, etag: c.ETag, public: c.Public, final: c.Final,
		want: func(delta.Value) (delta.Value, error) { return want, nil },
	}, errs.Err()
}

// read brings the command to what is decided on, or joins what is wrong with it.
func (c *Patch) read() (edit, error) {
	var errs apperr.Collector
	CheckPlace(&errs, c.Place)
	patch := parse(&errs, "input.patch", c.Patch)
	if err := delta.Check(patch); patch.Present() && err != nil {
		errs.Add(wrong("input.patch", err))
	}
	return edit{
		operation: "definitionPatch", place: c.Place, etag: &c.ETag, public: c.Public, final: c.Final,
		want: func(seen delta.Value) (delta.Value, error) { return patched(seen, patch) },
	}, errs.Err()
}

// patched is what a patch makes of what the author saw: within the limits, as what people send.
func patched(seen, patch delta.Value) (delta.Value, error) {
	made, err := delta.Apply(seen, patch)
	if err != nil {
		return delta.Value{}, wrong("input.patch", err)
	}
	var errs apperr.Collector
	want := ParseContent(&errs, "input.patch", made.String())
	return want, errs.Err()
}
