package delta_test

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/appanage/appanage/internal/delta"
)

// What docs/deltas.md shows is what happens: its blocks are read in order.
func TestTheDocumentTellsTheTruth(t *testing.T) {
	text, err := os.ReadFile("../../docs/deltas.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```json ([a-z]+) ?([^\n]*)\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if all := strings.Count(string(text), "```json"); all != len(blocks) || all < 30 {
		t.Fatalf("of %d blocks %d are examples", all, len(blocks))
	}
	seen := map[string]int{}
	var base, d, theirs delta.Value
	made := false
	for _, b := range blocks {
		word, argument, v := b[1], b[2], parse([]byte(b[3]))
		seen[word]++
		switch word {
		case "base":
			base = v
		case "delta", "written":
			d, made = v, word == "delta"
		case "result":
			same(t, "the result of "+d.String(), applied(t, base, d), v)
			if made {
				same(t, "the delta of "+base.String(), delta.Diff(base, v), d)
			}
		case "theirs":
			theirs = v
		case "merged":
			same(t, "merged with "+d.String(), applied(t, theirs, d), v)
		case "conflicts":
			same(t, "conflicts of "+d.String(), shown(delta.Conflicts(base, theirs, d)), v)
		case "refused":
			if e, ok := errors.AsType[*delta.Error](delta.Check(v)); !ok || e.Pointer != argument || !errors.Is(e, delta.ErrDirective) {
				t.Errorf("%s is refused with %v, not at %q", v, e, argument)
			}
		default:
			t.Errorf("what is a block %q?", word)
		}
	}
	for _, word := range []string{"delta", "written", "result", "merged", "conflicts", "refused"} {
		if seen[word] == 0 {
			t.Errorf("no block %q", word)
		}
	}
}

func same(t *testing.T, what string, got, want delta.Value) {
	t.Helper()
	if got.String() != want.String() {
		t.Errorf("%s is\n%s\nnot\n%s", what, got, want)
	}
}

func applied(t *testing.T, base, d delta.Value) delta.Value {
	t.Helper()
	v, err := delta.Apply(base, d)
	if err != nil {
		t.Fatalf("apply %s: %v", d, err)
	}
	return v
}

// shown is a list of conflicts as the document writes them.
func shown(conflicts []delta.Conflict) delta.Value {
	var b strings.Builder
	b.WriteString("[")
	for i, c := range conflicts {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(`{"pointer":` + delta.OfString(c.Pointer).String())
		for _, side := range []struct {
			name  string
			value delta.Value
		}{{"base", c.Base}, {"theirs", c.Theirs}, {"ours", c.Ours}} {
			if side.value.Present() {
				b.WriteString(`,"` + side.name + `":` + side.value.String())
			}
		}
		b.WriteString("}")
	}
	return parse([]byte(b.String() + "]"))
}
