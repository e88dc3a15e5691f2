package layers_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/appanage/appanage/internal/layers"
	"github.com/appanage/appanage/internal/oid"
)

// The naive model: documents are what encoding/json makes of them, so objects have no order; deltas are applied as
// docs/deltas.md says it, with maps and slices.

type nothing struct{}

func decoded(text []byte) (v any) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		panic(err)
	}
	return v
}

// naiveFold is domain 9.4 with final layers (9.6) and what has nothing below (9.2).
func naiveFold(chain []layers.Layer) (content any, inForce []oid.Client, asleep map[oid.Client]layers.Reason) {
	content, asleep = nothing{}, map[oid.Client]layers.Reason{}
	final := false
	for _, l := range chain {
		switch _, empty := content.(nothing); {
		case final:
			asleep[l.Client] = layers.BelowFinal
			continue
		case l.Whole:
			content = decoded(l.Content.Append(nil))
		case empty:
			asleep[l.Client] = layers.NothingBelow
			continue
		default:
			content = naiveApply(content, decoded(l.Content.Append(nil)))
		}
		inForce = append(inForce, l.Client)
		final = l.Final
	}
	return content, inForce, asleep
}

func naiveApply(base, delta any) any {
	if d, ok := delta.(map[string]any); ok && len(d) == 0 {
		return base
	}
	return naiveMember(base, delta)
}

func naiveMember(base, delta any) any {
	d, ok := delta.(map[string]any)
	if !ok {
		return delta
	}
	switch d["$delta"] {
	case "set":
		return d["value"]
	case "merge":
		members, ok := d["members"].(map[string]any)
		if !ok {
			return base
		}
		return naiveMerge(base, members)
	case "list":
		return naiveList(base, d)
	}
	return naiveMerge(base, d)
}

func naiveMerge(base any, members map[string]any) any {
	object := map[string]any{}
	if b, ok := base.(map[string]any); ok {
		object = maps.Clone(b)
	}
	for name, d := range members {
		if d == nil {
			delete(object, name)
			continue
		}
		below, there := object[name]
		if !there {
			below = nothing{}
		}
		if made := naiveMember(below, d); !reflect.DeepEqual(made, nothing{}) {
			object[name] = made
		}
	}
	return object
}

func naiveList(base any, d map[string]any) any {
	items, keyed := naiveKeyed(base)
	places, _ := d["place"].([]any)
	adds := slices.ContainsFunc(places, func(p any) bool { return p.(map[string]any)["item"] != nil })
	if !keyed {
		if !adds {
			return base
		}
		items = nil
	}
	removed, _ := d["remove"].([]any)
	items = slices.DeleteFunc(slices.Clone(items), func(item any) bool { return slices.Contains(removed, naiveKey(item)) })
	changes, _ := d["change"].(map[string]any)
	for i, item := range items {
		if change, ok := changes[naiveKey(item).(string)]; ok {
			items[i] = naiveMember(item, change)
		}
	}
	for _, p := range places {
		items = naivePlace(items, p.(map[string]any))
	}
	return append([]any{}, items...)
}

func naivePlace(items []any, p map[string]any) []any {
	item, k := p["item"], p["key"]
	if item != nil {
		k = naiveKey(item)
	}
	at := func(k any) int { return slices.IndexFunc(items, func(i any) bool { return naiveKey(i) == k }) }
	if i := at(k); i >= 0 {
		if item == nil {
			item = items[i]
		}
		items = slices.Delete(items, i, i+1)
	} else if item == nil {
		return items
	}
	to := len(items)
	if p["after"] == nil {
		to = 0
	} else if i := at(p["after"]); i >= 0 {
		to = i + 1
	}
	return slices.Insert(items, to, item)
}

func naiveKey(item any) any {
	object, _ := item.(map[string]any)
	return object["key"]
}

func naiveKeyed(v any) (items []any, ok bool) {
	items, ok = v.([]any)
	seen := map[any]bool{}
	for _, item := range items {
		k, isString := naiveKey(item).(string)
		if !isString || seen[k] {
			return nil, false
		}
		seen[k] = true
	}
	return items, ok
}

// naiveChain is domain 9.3, sentence by sentence.
func naiveChain(owner oid.Client, path []oid.Client, write map[oid.Client]bool, urlClient oid.Client) []oid.Client {
	var overlays []oid.Client
	for _, c := range path {
		if c != owner && write[c] {
			overlays = append(overlays, c)
		}
	}
	chain := []oid.Client{owner}
	if inChain := urlClient == owner || slices.Contains(overlays, urlClient); urlClient != "" && write[urlClient] && !inChain {
		chain = append(chain, urlClient)
	}
	return append(chain, overlays...)
}
