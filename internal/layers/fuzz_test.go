package layers_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/delta/deltatest"
	"github.com/appanage/appanage/internal/layers"
	"github.com/appanage/appanage/internal/oid"
)

// Chains of whatever deltas, one on each line after the object: never a panic, always JSON, and what the model makes of them.
func FuzzChainOfDeltas(f *testing.F) {
	for seed := range uint64(30) {
		g := deltatest.New(seed)
		g.Small = true
		n := g.Document()
		lines := [][]byte{[]byte(parse(g.Text(n)).String())}
		for range 1 + g.IntN(5) {
			d := parse(g.Text(g.Delta(3)))
			if g.IntN(2) == 0 {
				d = delta.Diff(parse(lines[0]), parse(g.Text(g.Edit(n))))
			}
			lines = append(lines, d.Append(nil))
		}
		f.Add(bytes.Join(lines, []byte("\n")))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var chain []layers.Layer
		for i, line := range bytes.SplitN(text, []byte("\n"), 13) {
			v, err := delta.Parse(line, delta.Limits{Depth: 100})
			if err != nil {
				return
			}
			chain = append(chain, layers.Layer{Client: oid.Client(rune('a' + i)), Whole: i == 0, Content: v})
		}
		resolved, ok := layers.Fold(chain)
		if !ok || len(resolved.InForce)+len(resolved.Asleep) != len(chain) {
			t.Fatalf("of %d layers %d are in force, %d asleep", len(chain), len(resolved.InForce), len(resolved.Asleep))
		}
		for _, s := range resolved.Asleep {
			if s.Reason != layers.Broken || delta.Check(s.Layer.Content) == nil {
				t.Fatalf("%s sleeps for %s", s.Layer.Content, s.Reason)
			}
		}
		for i, state := range resolved.States {
			if !json.Valid(state.Append(nil)) {
				t.Fatalf("state %d is %s", i, state)
			}
		}
		if content, _, _ := naiveFold(resolved.InForce); !reflect.DeepEqual(content, decoded(resolved.Content.Append(nil))) {
			t.Fatalf("%s, the model has %v", resolved.Content, content)
		}
		for place := range deltatest.Places(resolved.Content) {
			if layer, ok := resolved.Provenance(deltatest.Pointer(place)); !ok || layer.Client == "" {
				t.Fatalf("nobody supplied %q of %s", place, resolved.Content)
			}
		}
		if len(resolved.States) > 1 {
			layers.Save(layers.Edit{SeenBase: resolved.States[0], NowBase: resolved.Content, NowOwn: chain[1], Want: resolved.States[1]})
		}
	})
}
