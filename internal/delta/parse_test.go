package delta_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/delta/deltatest"
)

func TestParseRefuses(t *testing.T) {
	limits := delta.Limits{Bytes: 64, Depth: 3}
	for _, c := range []struct {
		text    string
		reason  error
		pointer string
		offset  int64
	}{
		{`{"a":{"b":1,"b":2}}`, delta.ErrDuplicate, "/a/b", 12},
		{`{"a":1,"\u0061":2}`, delta.ErrDuplicate, "/a", 7},
		{`{"a/b":[0,"\ud800"]}`, delta.ErrUnicode, "/a~1b/1", 11},
		{`"\ud800\u0041"`, delta.ErrUnicode, "", 1},
		{"[\"\xff\"]", delta.ErrUnicode, "/0", 2},
		{`[1] 2`, delta.ErrTrailing, "", 3},
		{`[1]]`, delta.ErrTrailing, "", 3},
		{`{"a":[0,[1,[2]]]}`, delta.ErrTooDeep, "/a/1/1", 11},
		{`"` + strings.Repeat("x", 64) + `"`, delta.ErrTooLong, "", 64},
		{``, delta.ErrSyntax, "", 0},
		{`[1,2`, delta.ErrSyntax, "", 4},
		{`{"a":}`, delta.ErrSyntax, "/a", 5},
		{`{1:2}`, delta.ErrSyntax, "", 1},
		{`{{}:2}`, delta.ErrSyntax, "", 1},
		{`[1,]`, delta.ErrSyntax, "/1", 3},
		{`NaN`, delta.ErrSyntax, "", 0},
		{`'a'`, delta.ErrSyntax, "", 0},
	} {
		_, err := delta.Parse([]byte(c.text), limits)
		e, ok := errors.AsType[*delta.Error](err)
		if !ok || !errors.Is(err, c.reason) || e.Pointer != c.pointer || e.Offset != c.offset {
			t.Errorf("%s: %v; want %v at %q, byte %d", c.text, err, c.reason, c.pointer, c.offset)
		}
	}
	for _, text := range []string{`{"a":[0,{}]}`, `[[[]]]`, ` 1 `, `"\ud83d\ude00"`, `null`} {
		if _, err := delta.Parse([]byte(text), limits); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What is read does not change with the bytes it was read from.
func TestParseCopies(t *testing.T) {
	text := []byte(`{"name":["text",12.50]}`)
	v := parse(text)
	for i := range text {
		text[i] = 'x'
	}
	if v.String() != `{"name":["text",12.50]}` {
		t.Errorf("read was %s", v)
	}
}

// The compact form is that of another writer; numbers stay as they were written.
func TestLawAppend(t *testing.T) {
	eachSeed(t, func(seed uint64) error {
		g := deltatest.New(seed)
		text := g.Text(g.Document())
		theirs, err := jsontext.AppendFormat(nil, text, jsontext.PreserveRawStrings(false))
		if err != nil {
			return err
		}
		v := parse(text)
		if got := v.String(); got != string(theirs) {
			return errors.New(got + " is written by another as " + string(theirs))
		}
		if again := parse(v.Append(nil)); !again.Equal(v) || !again.Alike(v) {
			return errors.New(v.String() + " is read back as " + again.String())
		}
		return nil
	})
}

// A document of 100 KB is read, and written.
func BenchmarkParse(b *testing.B) {
	text := []byte(`{"items":[` + strings.Repeat(`{"key":"field","type":"text","label":{"en":"A field","de":"Ein Feld \n"},"width":120,"bold":true},`, 1_000) + `0]}`)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := delta.Parse(text, delta.Limits{Depth: 64}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	v := read(`{"items":[` + strings.Repeat(`{"key":"field","type":"text","label":{"en":"A field","de":"Ein Feld \n"},"width":120,"bold":true},`, 1_000) + `0]}`)
	var text []byte
	for b.Loop() {
		text = v.Append(text[:0])
	}
	b.SetBytes(int64(len(text)))
}
