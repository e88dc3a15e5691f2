package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/delta"
)

// written is a document as the writer writes it.
func written(t testing.TB, d *Document) string {
	t.Helper()
	var out bytes.Buffer
	w := newWriter(&out)
	w.head(d)
	for _, one := range d.Definitions {
		if err := w.definition(one); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.end(d.LeftOut); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// readAll reads a document with its definitions.
func readAll(r io.Reader) (*Document, error) {
	var all []Definition
	d, err := Read(r, func(one Definition) error {
		all = append(all, one)
		return nil
	})
	if d != nil {
		d.Definitions = all
	}
	return d, err
}

func shop() *Document {
	thumbnail := "https://example.com/a.png"
	return &Document{
		Application: Application{Code: "shop", Name: "Shop ☂ \"x\"", Type: "SITE", ThumbnailURL: &thumbnail},
		Properties:  []Property{{"COLOUR", "red\n\u2028\u0001", true}, {"SIZE", "", false}},
		Permissions: []Permission{{"Order_READ", "May read"}, {"Order_WRITE", ""}},
		Roles: []Role{
			{"Clerk", "reads", []string{"Client_READ", "shop.Order_READ"}, nil},
			{"Manager", "", []string{"shop.Order_WRITE"}, []string{"Clerk"}},
		},
		Packages: []Package{{"SHOP", "Shop", "all", []string{"Clerk", "Manager"}}},
		Definitions: []Definition{
			{"PAGE", "home", true, false, `{"b":1.0,"a":[1e5,null,{"key":"x"}],"ü":"</script>"}`},
			{"PAGE", "home/more", false, true, `{}`},
			{"THEME", "home", false, false, `{"a":{}}`},
		},
		LeftOut: LeftOut{1, 2, 3, 4, 5},
	}
}

// domain 12.1: what is written is read again, and is the same bytes whenever it is written.
func TestWrittenIsRead(t *testing.T) {
	text := written(t, shop())
	if again := written(t, shop()); again != text {
		t.Error("the same document is other bytes")
	}
	for name, r := range map[string]io.Reader{"at once": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text))} {
		got, err := readAll(r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(shop(), got); diff != "" {
			t.Errorf("%s (-written +read):\n%s", name, diff)
		}
	}
}

// The checksum is over what docs/bundles.md says: another program that writes the document anew, with other white space,
// another order of its members and other escapes of the same strings where they are in the canonical text, is understood.
func TestChecksumIsOfTheCanonicalText(t *testing.T) {
	text := written(t, shop())
	v, err := delta.Parse([]byte(text), delta.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if v.String() != text {
		t.Error("what is written is not canonical")
	}
	if got, want := quoted("\"\\\b\f\n\r\t\x00\x1f\x7f/<\u2028é☂"), "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\x7f/<\u2028é☂\""; got != want {
		t.Errorf("strings are written %s, not %s", got, want)
	}
	body := text[:strings.LastIndex(text, `,"checksum"`)] + "}"
	sum := sha256.Sum256([]byte(body))
	if want := "sha256:" + hex.EncodeToString(sum[:]); !strings.HasSuffix(text, `,"checksum":"`+want+`"}`) {
		t.Errorf("the checksum is not %s", want)
	}
	spaced := strings.ReplaceAll(strings.ReplaceAll(text, `":{`, "\" : {\r\n\t"), "</script>", `\u003c\/script\u003e`)
	if spaced == text {
		t.Fatal("nothing was changed")
	}
	if _, err := readAll(strings.NewReader(" " + spaced + "\n")); err != nil {
		t.Errorf("with white space and escapes: %v", err)
	}
	first := strings.Replace(text, "{", `{"checksum":"sha256:`+hex.EncodeToString(sum[:])+`",`, 1)
	first = first[:strings.LastIndex(first, `,"checksum"`)] + "}"
	if _, err := readAll(strings.NewReader(first)); err != nil {
		t.Errorf("with the checksum first: %v", err)
	}
}

// signed is a document with the checksum that it needs.
func signed(t testing.TB, text string) string {
	t.Helper()
	v, err := delta.Parse([]byte(text), delta.Limits{})
	if err != nil {
		return text
	}
	canonical := v.String()
	sum := sha256.Sum256([]byte(canonical))
	return strings.TrimSuffix(canonical, "}") + `,"checksum":"sha256:` + hex.EncodeToString(sum[:]) + `"}`
}

const plain = `{"format":"appanage-bundle","formatVersion":1,"application":{"code":"shop","name":"Shop","type":"APP","thumbnailUrl":null},` +
	`"properties":[],"permissions":[{"name":"Order_READ","description":""}],"roles":[{"name":"A","description":"","permissions":["shop.Order_READ"],"subRoles":["B"]},` +
	`{"name":"B","description":"","permissions":[],"subRoles":[]}],"packages":[{"code":"PP","name":"P","description":"","roles":["A"]}],` +
	`"definitions":[{"kind":"PAGE","name":"home","public":false,"final":false,"content":{"a":1}}],"registrationRules":[]}`

// domain 12.2: a bundle that is unknown or damaged is refused whole, and its author is told where it is wrong.
func TestWrongDocumentsAreRefused(t *testing.T) {
	replaced := func(old, with string) string {
		if !strings.Contains(plain, old) {
			t.Fatalf("there is no %s", old)
		}
		return signed(t, strings.Replace(plain, old, with, 1))
	}
	many := func(n int, item string) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	numbered := func(n int, item string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(item, "#", strconv.Itoa(i)) + ",")
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	deep := strings.Repeat(`{"a":`, 64) + "{}" + strings.Repeat("}", 64)
	for name, c := range map[string]struct{ text, want string }{
		"nothing":              {"", "the document: it ends too early"},
		"no object":            {"[]", "the document: it is not an object"},
		"no JSON":              {"{x", "byte 1"},
		"cut":                  {plain[:300], "it ends too early"},
		"more":                 {signed(t, plain) + "{}", "more text follows"},
		"no UTF-8":             {strings.Replace(plain, "home", "h\xffme", 1), "UTF-8"},
		"a member twice":       {strings.Replace(plain, `"a":1`, `"a":1,"a":2`, 1), "there twice"},
		"another format":       {replaced(`"appanage-bundle"`, `"zip"`), "/format: this is not a bundle"},
		"a newer version":      {replaced(`"formatVersion":1`, `"formatVersion":2`), "/formatVersion: this server reads version 1"},
		"no checksum":          {plain, "/checksum: this member is missing"},
		"another checksum":     {strings.Replace(signed(t, plain), `"a":1`, `"a":2`, 1), "/checksum: the document is damaged"},
		"a longer number":      {strings.Replace(signed(t, plain), `"a":1`, `"a":1.0`, 1), "/checksum: the document is damaged"},
		"a member missing":     {replaced(`"packages":[{"code":"PP","name":"P","description":"","roles":["A"]}],`, ""), "/packages: this member is missing"},
		"a member more":        {replaced(`"properties":`, `"users":[],"properties":`), "/users: version 1 of the format has no such member"},
		"a list that is none":  {replaced(`"properties":[]`, `"properties":{}`), "/properties: this is not a list"},
		"a registration rule":  {replaced(`"registrationRules":[]`, `"registrationRules":[{}]`), "/registrationRules/0"},
		"a base package":       {replaced(`"code":"PP"`, `"base":true,"code":"PP"`), "/packages/0/base: version 1 of the format has no such member"},
		"an owner":             {replaced(`"code":"shop"`, `"clientId":"x","code":"shop"`), "/application/clientId"},
		"an access type":       {replaced(`"code":"shop"`, `"accessType":"ANY","code":"shop"`), "/application/accessType"},
		"another type":         {replaced(`"APP"`, `"GAME"`), "/application/type: not one of the words"},
		"no code":              {replaced(`"code":"shop"`, `"code":""`), "/application/code"},
		"a code in capitals":   {replaced(`"code":"shop"`, `"code":"SHOP"`), "/application/code"},
		"no name":              {replaced(`"name":"Shop"`, `"name":" "`), "/application/name"},
		"a thumbnail by http":  {replaced(`"thumbnailUrl":null`, `"thumbnailUrl":"http://x.example/a"`), "/application/thumbnailUrl"},
		"a secret":             {replaced(`"properties":[]`, `"properties":[{"name":"A","value":"","public":false,"secret":true}]`), "/properties/0/secret"},
		"an address":           {replaced(`"properties":[]`, `"properties":[{"name":"URL_SUFFIX","value":".x","public":false}]`), "/properties/0/name: URL_SUFFIX says where"},
		"a property twice":     {replaced(`"properties":[]`, `"properties":[`+many(2, `{"name":"A","value":"","public":false}`)+`]`), "/properties/1/name: this name is there twice"},
		"a number for a text":  {replaced(`"properties":[]`, `"properties":[{"name":"A","value":1,"public":false}]`), "/properties/0/value: this is not a string"},
		"a text for a flag":    {replaced(`"public":false`, `"public":"no"`), "/definitions/0/public: this is not true or false"},
		"a permission's name":  {replaced(`"name":"Order_READ"`, `"name":"shop.Order_READ"`), "/permissions/0"},
		"no such permission":   {replaced(`"permissions":["shop.Order_READ"]`, `"permissions":["shop.Order_EAT"]`), "/roles/0/permissions/0: the bundle has no such permission"},
		"a permission twice":   {replaced(`"permissions":["shop.Order_READ"]`, `"permissions":["A_B","A_B"]`), "/roles/0/permissions/1: this stands in the list twice"},
		"a role's name":        {replaced(`"name":"B"`, `"name":"B "`), "/roles/1/name"},
		"two roles, one name":  {replaced(`"name":"B"`, `"name":"A"`), "/roles/1/name: this name is there twice"},
		"no such sub-role":     {replaced(`"subRoles":["B"]`, `"subRoles":["C"]`), "/roles/0/subRoles/0: the bundle has no such role"},
		"itself":               {replaced(`"subRoles":["B"]`, `"subRoles":["A"]`), "/roles/0/subRoles/0: roles would include each other in a circle"},
		"a circle":             {replaced(`"subRoles":[]`, `"subRoles":["A"]`), "/roles/1/subRoles/0: roles would include each other in a circle"},
		"no such role":         {replaced(`"roles":["A"]`, `"roles":["A","Z"]`), "/packages/0/roles/1: the bundle has no such role"},
		"a package's code":     {replaced(`"code":"PP"`, `"code":"pp"`), "/packages/0: a code is"},
		"a kind":               {replaced(`"PAGE"`, `"BOOK"`), "/definitions/0/kind: not one of the words"},
		"a definition's name":  {replaced(`"name":"home"`, `"name":"-home"`), "/definitions/0/name: "},
		"a definition twice":   {replaced(`"definitions":[`, `"definitions":[{"kind":"PAGE","name":"home","public":false,"final":false,"content":{}},`), "/definitions/1: there is another"},
		"no content":           {replaced(`,"content":{"a":1}`, ``), "/definitions/0/content: this member is missing"},
		"content of a list":    {replaced(`{"a":1}`, `[]`), "/definitions/0/content: a definition is an object"},
		"content too deep":     {replaced(`{"a":1}`, deep), "/definitions/0/content/a/a"},
		"content too long":     {replaced(`{"a":1}`, `{"a":"`+strings.Repeat("x", 1<<20)+`"}`), "/definitions/0/content: a definition has at most"},
		"an item far too long": {replaced(`{"a":1}`, `{"a":"`+strings.Repeat("x", 2<<20)+`"}`), "/definitions/0: the text is too long"},
		"too many properties":  {replaced(`"properties":[]`, `"properties":[`+numbered(501, `{"name":"A#","value":"","public":false}`)+`]`), "/properties/500: at most 500 are taken"},
		"too many definitions": {replaced(`"definitions":[`, `"definitions":[`+numbered(10_000, `{"kind":"PAGE","name":"p#","public":false,"final":false,"content":{}}`)+`,`), "/definitions/10000: at most"},
		"too many references":  {replaced(`"permissions":[]`, `"permissions":[`+numbered(2_001, `"A_B#"`)+`]`), "/roles/1/permissions: at most 2000 are taken"},
		"a count of nothing":   {replaced(`"registrationRules":[]`, `"registrationRules":[],"leftOut":{"secrets":-1}`), "/leftOut/secrets"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readAll(strings.NewReader(c.text))
			if apperr.CodeOf(err) != apperr.Invalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	if _, err := readAll(strings.NewReader(signed(t, plain))); err != nil {
		t.Errorf("the plain one: %v", err)
	}
	if _, err := readAll(strings.NewReader(signed(t, strings.Replace(plain, `{"a":1}`, deep[5:len(deep)-1], 1)))); err != nil {
		t.Errorf("64 deep: %v", err)
	}
	broken := errors.New("the line is cut")
	if _, err := readAll(io.MultiReader(strings.NewReader(plain[:200]), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("an error of the reader is %v", err)
	}
}

// What does not fit into a bundle is refused where it is written, not where it is read.
func TestTooLargeIsNotWritten(t *testing.T) {
	w := newWriter(io.Discard)
	w.head(shop())
	content := `{"a":"` + strings.Repeat("x", 1<<20-8) + `"}`
	var err error
	for i := 0; err == nil && i < 40; i++ {
		err = w.definition(Definition{Kind: "PAGE", Name: fmt.Sprint("p", i), Content: content})
	}
	if apperr.CodeOf(err) != apperr.TooLarge {
		t.Errorf("40 MiB: %v", err)
	}
	w = newWriter(io.Discard)
	w.head(&Document{Properties: make([]Property, maxProperties+1)})
	if err := w.end(LeftOut{}); apperr.CodeOf(err) != apperr.TooLarge {
		t.Errorf("501 properties: %v", err)
	}
}

// Of several roles with one name each gets its own, always the same.
func TestFreeNames(t *testing.T) {
	taken := map[string]bool{"A": true, "A (2)": true, strings.Repeat("ü", 128): true}
	for name, want := range map[string]string{"B": "B", "A": "A (3)", strings.Repeat("ü", 128): strings.Repeat("ü", 124) + " (2)"} {
		if got := free(taken, name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// FuzzRead: whatever is sent, it is refused as wrong, or it is a document that is written as it was read.
func FuzzRead(f *testing.F) {
	f.Add(written(f, shop()))
	f.Add(signed(f, plain))
	f.Add(plain)
	f.Add("{}")
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range []string{text, signed(t, text)} { // a checksum is not to be guessed
			d, err := readAll(strings.NewReader(s))
			if err != nil {
				if apperr.CodeOf(err) != apperr.Invalid {
					t.Errorf("refused with %v", err)
				}
				continue
			}
			again, err := readAll(strings.NewReader(written(t, d)))
			if err != nil {
				t.Fatalf("what was read is written, and refused: %v", err)
			}
			if diff := cmp.Diff(d, again); diff != "" {
				t.Errorf("written and read again (-first +second):\n%s", diff)
			}
		}
	})
}
