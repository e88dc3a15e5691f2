package delta_test

import (
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/delta/deltatest"
)

// generated are documents for the fuzzer to begin with: a document, an edit of it, another edit, and a delta.
func generated(seed uint64) (base, want, other, sent []byte) {
	g := deltatest.New(seed)
	g.Small = true
	n := g.Document()
	return g.Text(n), g.Text(g.Edit(n)), g.Text(g.Edit(n)), g.Text(g.Delta(3))
}

// Parse takes what another reader takes, but for members that are there twice and for half characters; what it has read is
// written as JSON, and read back.
func FuzzParse(f *testing.F) {
	for _, text := range []string{`{"a":1,"a":2}`, `"\ud800"`, `"\ud83d\ude00"`, "\"\xff\"", `[1e400,-0,1.0]`, `[[[[[[[[]]]]]]]]`, "\ufeff1", `{"":{"":""}} `} {
		f.Add([]byte(text))
	}
	for seed := range uint64(20) {
		base, _, _, sent := generated(seed)
		f.Add(base)
		f.Add(sent)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := delta.Parse(text, delta.Limits{})
		if err != nil {
			tolerated := errors.Is(err, delta.ErrDuplicate) || errors.Is(err, delta.ErrUnicode)
			if !tolerated && json.Valid(text) && utf8.Valid(text) {
				t.Fatalf("%q is JSON, and refused: %v", text, err)
			}
			return
		}
		if !json.Valid(text) || !utf8.Valid(text) {
			t.Fatalf("%q is no JSON, and read as %s", text, v)
		}
		valid(t, v)
		limited, err := delta.Parse(text, delta.Limits{Bytes: 50, Depth: 4})
		if err == nil && !limited.Equal(v) || err != nil && !errors.Is(err, delta.ErrTooDeep) && !errors.Is(err, delta.ErrTooLong) {
			t.Fatalf("with limits %q is %s (%v)", text, limited, err)
		}
		if _, err := delta.Apply(delta.OfString(""), v); (err == nil) != (delta.Check(v) == nil) {
			t.Fatalf("%s is and is no delta", v)
		}
		at, ok := v.At(string(text))
		if canonical, there := v.Canonical(string(text)); ok != there || ok && !pointed(v, canonical).Equal(at) {
			t.Fatalf("%q in %s", text, v)
		}
	})
}

func pointed(v delta.Value, pointer string) delta.Value {
	at, _ := v.At(pointer)
	return at
}

// valid checks that a value is written as JSON that reads back as it.
func valid(t *testing.T, v delta.Value) {
	t.Helper()
	text := v.Append(nil)
	if !json.Valid(text) {
		t.Fatalf("%q is no JSON", text)
	}
	if again, err := delta.Parse(text, delta.Limits{}); err != nil || !again.Equal(v) || !again.Alike(v) {
		t.Fatalf("%s is read back as %s (%v)", v, again, err)
	}
}

// The laws, on what a fuzzer comes upon.
func FuzzDiffApply(f *testing.F) {
	for seed := range uint64(30) {
		base, want, other, sent := generated(seed)
		f.Add(base, want, other)
		f.Add(base, sent, other)
	}
	f.Fuzz(func(t *testing.T, baseText, wantText, otherText []byte) {
		base, err1 := delta.Parse(baseText, delta.Limits{Depth: 100})
		want, err2 := delta.Parse(wantText, delta.Limits{Depth: 100})
		other, err3 := delta.Parse(otherText, delta.Limits{Depth: 100})
		if err1 != nil || err2 != nil || err3 != nil {
			return
		}
		d := delta.Diff(base, want)
		if _, err := delta.Parse(d.Append(nil), delta.Limits{Depth: 100}.ForDelta()); err != nil {
			t.Fatalf("the delta %s: %v", d, err)
		}
		if got, err := delta.Apply(base, d); err != nil || got.String() != want.String() {
			t.Fatalf("base %s\nwant %s\ndelta %s\ngives %s (%v)", base, want, d, got, err)
		}
		if base.Equal(want) != (d.String() == "{}") {
			t.Fatalf("base %s\nwant %s\ndelta %s", base, want, d)
		}
		if made, err := delta.Apply(base, other); err == nil { // now and then a document is a delta
			valid(t, made)
		}
		merged, conflicts := delta.Merge3(base, other, want)
		valid(t, merged)
		for _, changed := range []delta.Value{want, other} {
			if lost := deltatest.Lost(base, changed, merged, conflicts); len(lost) > 0 {
				t.Fatalf("seen %s\none %s\ntwo %s\nmake %s\nlost %q", base, want, other, merged, lost)
			}
		}
		if c := delta.Unmet(base, merged, d); len(c) > len(conflicts) {
			t.Fatalf("seen %s\none %s\ntwo %s\nmake %s\nunmet %v\nconflicts %v", base, want, other, merged, c, conflicts)
		}
	})
}
