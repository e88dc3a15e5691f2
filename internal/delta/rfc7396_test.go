package delta_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/delta/deltatest"
)

// On documents without nulls and keyed lists the result is that of RFC 7396 as another library computes it: of random
// merge patches, and of our own deltas where they use no directive.
func TestLawRFC7396(t *testing.T) {
	var plain atomic.Uint64
	eachSeed(t, func(seed uint64) error {
		g := deltatest.New(seed)
		g.Plain = true
		n := g.Object()
		base, want := parse(g.Text(n)), parse(g.Text(g.EditObject(n)))
		if err := sameAsTheirs(base, parse(g.Text(g.Patch(n)))); err != nil {
			return err
		}
		d := delta.Diff(base, want)
		if strings.Contains(d.String(), `"$delta"`) {
			return nil
		}
		plain.Add(1)
		return sameAsTheirs(base, d)
	})
	if plain.Load() < cases()/2 {
		t.Errorf("only %d deltas of %d were plain", plain.Load(), cases())
	}
}

func sameAsTheirs(base, patch delta.Value) error {
	ours, err := delta.Apply(base, patch)
	if err != nil {
		return fmt.Errorf("the patch %s: %w", patch, err)
	}
	theirs, err := jsonpatch.MergePatch(base.Append(nil), patch.Append(nil))
	if err != nil {
		return fmt.Errorf("base %s\npatch %s: %w", base, patch, err)
	}
	if diff := cmp.Diff(decoded(theirs), decoded(ours.Append(nil))); diff != "" {
		return fmt.Errorf("base %s\npatch %s\n(-theirs +ours)\n%s", base, patch, diff)
	}
	return nil
}

// decoded is JSON as Go has it, with numbers as written.
func decoded(text []byte) (v any) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		panic(err)
	}
	return v
}
