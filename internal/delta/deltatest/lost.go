package deltatest

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/appanage/appanage/internal/delta"
)

// Lost names the places, as Places does, that somebody changed, from seen to want, and that are not so in the result,
// though no conflict speaks of them: one at, above or below the place. It knows nothing of deltas: it compares places.
func Lost(seen, want, result delta.Value, conflicts []delta.Conflict) (lost []string) {
	before, after, now := Places(seen), Places(want), Places(result)
	look := func(pointer string) {
		if before[pointer] != after[pointer] && now[pointer] != after[pointer] && !spokenOf(pointer, conflicts) {
			lost = append(lost, pointer)
		}
	}
	for pointer := range after {
		look(pointer)
	}
	for pointer := range before {
		if after[pointer] == "" {
			look(pointer)
		}
	}
	slices.Sort(lost)
	return lost
}

func spokenOf(pointer string, conflicts []delta.Conflict) bool {
	pointer = Pointer(pointer)
	return slices.ContainsFunc(conflicts, func(c delta.Conflict) bool {
		return within(pointer, c.Pointer) || within(c.Pointer, pointer)
	})
}

func within(pointer, above string) bool {
	return pointer == above || strings.HasPrefix(pointer, above+"/")
}

// ofItem marks the segment of an item: the member of that name, in an object that took the list's place, is another place.
const ofItem = "\x01item\x01"

// Pointer is the pointer to a place as Places names it.
func Pointer(place string) string { return strings.ReplaceAll(place, ofItem, "") }

// Places gives what is at each place of a document: the text of a scalar, or of a list that is not keyed; "object" and
// "list" for what holds other places.
func Places(v delta.Value) map[string]string {
	places := map[string]string{}
	add(places, "", v)
	return places
}

func add(places map[string]string, pointer string, v delta.Value) {
	switch v.Kind() {
	case delta.Absent:
	case delta.Object:
		places[pointer] = "object"
		for name, member := range v.Members() {
			add(places, pointer+"/"+escaped(name), member)
		}
	case delta.Array:
		keys, ok := keysOf(v)
		if !ok {
			places[pointer] = canonical(v)
			return
		}
		places[pointer] = "list"
		i := 0
		for item := range v.Items() {
			add(places, pointer+"/"+ofItem+escaped(keys[i]), item)
			i++
		}
	default:
		places[pointer] = v.String()
	}
}

// canonical stands for a list, without regard to the order of members and keyed items in it.
func canonical(v delta.Value) string {
	var b strings.Builder
	for item := range v.Items() {
		places := Places(item)
		for _, pointer := range slices.Sorted(maps.Keys(places)) {
			fmt.Fprintf(&b, "%q%q,", pointer, places[pointer])
		}
		b.WriteByte(';')
	}
	return fmt.Sprintf("[%x", sha256.Sum256([]byte(b.String())))
}

func keysOf(v delta.Value) (keys []string, ok bool) {
	for item := range v.Items() {
		found := false
		for name, member := range item.Members() {
			if name == "key" && member.Kind() == delta.String && !slices.Contains(keys, member.Text()) {
				keys, found = append(keys, member.Text()), true
			}
		}
		if !found {
			return nil, false
		}
	}
	return keys, true
}

func escaped(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1") }
