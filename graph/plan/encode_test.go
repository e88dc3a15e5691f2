package plan

import (
	"bytes"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"pgregory.net/rapid"

	"github.com/appanage/appanage/graph/cursor"
	"github.com/appanage/appanage/graph/model"
)

// written is a value as gqlgen writes it.
func written(m graphql.Marshaler) string {
	var b bytes.Buffer
	m.MarshalGQL(&b)
	return b.String()
}

func checkText(t rapid.TB, s string) {
	t.Helper()
	want := written(graphql.MarshalString(s))
	if got := string(appendString([]byte("before"), s)); got != "before"+want {
		t.Fatalf("%q is written %s, by the reference %s", s, got, want)
	}
	if got := string(appendString(nil, []byte(s))); got != want {
		t.Fatalf("the bytes %q are written %s, by the reference %s", s, got, want)
	}
}

func TestTextIsWrittenAsByTheReference(t *testing.T) {
	for a := range 256 { // every byte, and every pair: no UTF-8 among them too
		checkText(t, string([]byte{byte(a)}))
		for b := range 256 {
			checkText(t, string([]byte{byte(a), byte(b)}))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		checkText(t, rapid.String().Draw(t, "text"))
		checkText(t, string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")))
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "\x00\x1f\"\\/", "\u2028\u2029", "\xff\xc0", "👩‍👩‍👧", "</script>&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkText(t, s) })
}

func TestListsOfTextAreWrittenAsByTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOf(rapid.String()).Draw(t, "list")
		all := graphql.Array{}
		for _, s := range list {
			all = append(all, graphql.MarshalString(s))
		}
		if got := string(appendStrings(nil, list)); got != written(all) {
			t.Fatalf("%q is written %s, by the reference %s", list, got, written(all))
		}
	})
}

func TestInstantsAreWrittenAsByTheReference(t *testing.T) {
	check := func(t rapid.TB, at time.Time) {
		t.Helper()
		want := written(model.MarshalDateTime(at))
		if got := string(appendInstant(nil, at)); got != want {
			t.Fatalf("%#v is written %s, by the reference %s", at, got, want)
		}
	}
	for year := -2; year <= 10_002; year++ {
		check(t, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
		check(t, time.Date(year, 12, 31, 23, 59, 59, 999_999_999, time.UTC))
	}
	for _, at := range []time.Time{{}, time.Unix(0, 0), time.Unix(math.MaxInt32, 1), time.Unix(1<<40, 0), time.Unix(-1<<40, 999)} {
		check(t, at)
	}
	rapid.Check(t, func(t *rapid.T) {
		zone := time.FixedZone("somewhere", rapid.IntRange(-14*3600, 14*3600).Draw(t, "zone"))
		seconds := rapid.Int64Range(-70_000_000_000, 300_000_000_000).Draw(t, "seconds") // years -249 to 11476
		check(t, time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).In(zone))
	})
}

func TestValuesAreWrittenAsByTheReference(t *testing.T) {
	at := time.Date(2026, 11, 21, 9, 30, 0, 1000, time.UTC)
	for _, c := range []struct {
		value  any
		column Column
		want   string // "" for an error
	}{
		{nil, Column{Encoding: Text, Nullable: true}, "null"},
		{nil, Column{Encoding: Text}, ""},
		{nil, Column{Encoding: Integer}, ""},
		{nil, Column{Encoding: Boolean}, ""},
		{nil, Column{Encoding: Instant}, ""},
		{nil, Column{Encoding: Instant, Nullable: true}, "null"},
		{nil, Column{Encoding: Present}, "false"},
		{"", Column{Encoding: Present}, "true"},
		{[]byte("x"), Column{Encoding: Present}, "true"},
		{true, Column{Encoding: Boolean}, written(graphql.MarshalBoolean(true))},
		{int64(0), Column{Encoding: Boolean}, written(graphql.MarshalBoolean(false))},
		{int64(1), Column{Encoding: Boolean}, written(graphql.MarshalBoolean(true))},
		{at, Column{Encoding: Instant}, written(model.MarshalDateTime(at))},
		{"2026", Column{Encoding: Instant}, ""},
		{1.5, Column{Encoding: Integer}, ""},
		{"5", Column{Encoding: Integer}, ""},
		{int64(5), Column{Encoding: Text}, ""},
		{"t", Column{Encoding: Boolean}, ""},
	} {
		got, err := appendValue(nil, c.value, &c.column)
		if (err != nil) != (c.want == "") || err == nil && string(got) != c.want {
			t.Errorf("%T %v as %+v: %s, %v; want %s", c.value, c.value, c.column, got, err, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "n")
		want := written(graphql.MarshalInt64(n))
		for _, v := range []any{n, []byte(strconv.FormatInt(n, 10))} {
			if got, err := appendValue(nil, v, &Column{Encoding: Integer}); err != nil || string(got) != want {
				t.Fatalf("%d is written %s, %v", n, got, err)
			}
		}
	})
}

// What the planner puts into a cursor is what Decode reads, and Encode would have written.
func TestCursorsAreTheReferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, binding := codec(), rapid.String().Draw(t, "binding")
		value, id := rapid.SliceOf(rapid.Byte()).Draw(t, "value"), rapid.SliceOf(rapid.Byte()).Draw(t, "id")
		want := cursor.Position{Value: string(value), ID: string(id)}
		out := c.Append([]byte("before"), binding, value, id)
		text := string(bytes.TrimPrefix(out, []byte("before")))
		if got, err := c.Decode(binding, text); err != nil || got != want {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
		if text != c.Encode(binding, want) {
			t.Fatalf("%s, encoded %s", text, c.Encode(binding, want))
		}
	})
}
