package httpapi

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// byDecoder takes an object apart as encoding/json does. ok is false for a name that is there twice.
func byDecoder(t *rapid.T, body string) (members map[string]json.RawMessage, ok bool) {
	decoder := json.NewDecoder(strings.NewReader(body))
	if _, err := decoder.Token(); err != nil {
		t.Fatal(err)
	}
	members = map[string]json.RawMessage{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			t.Fatal(err)
		}
		if _, twice := members[name.(string)]; twice {
			return nil, false
		}
		members[name.(string)] = value
	}
	return members, true
}

var (
	space    = rapid.SampledFrom([]string{"", "", " ", "\n\t", "\r "})
	quoted   = rapid.SampledFrom([]string{`""`, `"query"`, `"\u0071uery"`, `"a\"}{,:]["`, `"\\"`, `"\\\""`, `"ü\ud83e\udd8a\ud800"`, "\"\xff\"", `" "`})
	scalar   = rapid.OneOf(quoted, rapid.SampledFrom([]string{"0", "-1.5e+3", "true", "false", "null"}))
	anyValue = rapid.Custom(func(t *rapid.T) string { return nestedValue(t, 3) })
)

func nestedValue(t *rapid.T, depth int) string {
	kind := rapid.SampledFrom([]string{"scalar", "list", "object"}).Draw(t, "kind")
	if depth == 0 || kind == "scalar" {
		return scalar.Draw(t, "scalar")
	}
	if kind == "object" {
		return objectText(t, func() string { return nestedValue(t, depth-1) })
	}
	var parts []string
	for range rapid.IntRange(0, 3).Draw(t, "length") {
		parts = append(parts, space.Draw(t, "before")+nestedValue(t, depth-1)+space.Draw(t, "after"))
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func objectText(t *rapid.T, value func() string) string {
	var parts []string
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		parts = append(parts, space.Draw(t, "before")+quoted.Draw(t, "name")+space.Draw(t, "colon")+":"+space.Draw(t, "value")+value()+space.Draw(t, "after"))
	}
	return "{" + strings.Join(parts, ",") + space.Draw(t, "end") + "}"
}

// The members of a body are those that encoding/json finds, byte for byte.
func TestObjectMembersAreThoseOfEncodingJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := space.Draw(t, "first") + objectText(t, func() string { return anyValue.Draw(t, "value") }) + space.Draw(t, "last")
		want, ok := byDecoder(t, body)
		got, failed := objectMembers([]byte(body))
		if ok != (failed == nil) || ok && !cmp.Equal(got, want) {
			t.Fatalf("%q: %q %v\nwant %q", body, got, failed, want)
		}
	})
}
