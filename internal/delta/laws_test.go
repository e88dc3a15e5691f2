package delta_test

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/delta/deltatest"
	"github.com/appanage/appanage/internal/testkit/soak"
)

// cases is how many random cases each law is held against.
func cases() uint64 { return uint64(soak.Count(10_000, 1_000_000)) }

// eachSeed runs a check with each seed, on all processors; the check tells what is wrong, and the seed is printed.
func eachSeed(t *testing.T, check func(seed uint64) error) {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(1_000)) // much is made, and little is kept
	workers, n := uint64(runtime.GOMAXPROCS(0)), cases()
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			for seed := worker; seed < n && !t.Failed(); seed += workers {
				if err := check(seed); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
		})
	}
	all.Wait()
}

func parse(text []byte) delta.Value {
	v, err := delta.Parse(text, delta.Limits{})
	if err != nil {
		panic(fmt.Sprintf("%s: %v", text, err))
	}
	return v
}

// triple is a document and two edits of it, now and then nothing alike.
func triple(seed uint64) (g *deltatest.Generator, base, want, other delta.Value) {
	g = deltatest.New(seed)
	n := g.Document()
	edit := func() *deltatest.Node {
		if g.IntN(20) == 0 {
			return g.Document()
		}
		return g.Edit(n)
	}
	return g, parse(g.Text(n)), parse(g.Text(edit())), parse(g.Text(edit()))
}

// domain 9.5: apply(base, diff(base, want)) = want, for all JSON, byte for byte; and a delta survives being written.
func TestLawApplyOfDiff(t *testing.T) {
	eachSeed(t, func(seed uint64) error {
		_, base, want, _ := triple(seed)
		d := delta.Diff(base, want)
		got, err := delta.Apply(base, d)
		if err != nil {
			return fmt.Errorf("the delta %s: %w", d, err)
		}
		if got.String() != want.String() {
			return fmt.Errorf("base %s\nwant %s\ndelta %s\ngives %s", base, want, d, got)
		}
		read, err := delta.Parse(d.Append(nil), delta.Limits{Depth: 64}.ForDelta())
		if err != nil {
			return fmt.Errorf("the delta %s: %w", d, err)
		}
		if !read.Equal(d) {
			return fmt.Errorf("the delta %s is read as %s", d, read)
		}
		if same := base.String() == want.String(); same != (d.String() == "{}") {
			return fmt.Errorf("base %s\nwant %s\ndelta %s", base, want, d)
		}
		return nil
	})
}

// domain 9.5: diff(x, x) is empty, also where the two were read apart; apply(x, empty) = x.
func TestLawEmpty(t *testing.T) {
	empty := parse([]byte("{}"))
	eachSeed(t, func(seed uint64) error {
		g := deltatest.New(seed)
		text := g.Text(g.Document())
		x, again := parse(text), parse(text)
		if d := delta.Diff(x, again); d.String() != "{}" {
			return fmt.Errorf("%s differs from itself by %s", x, d)
		}
		if got, err := delta.Apply(x, empty); err != nil || got.String() != x.String() {
			return errors.Join(err, fmt.Errorf("the empty delta makes %s of %s", got, x))
		}
		return nil
	})
}

// A delta made against one base and applied to another gives valid JSON; so does any delta that Check takes, and Apply
// refuses the others.
func TestLawOtherBase(t *testing.T) {
	var checked, refused sync.Map
	eachSeed(t, func(seed uint64) error {
		g, base, want, other := triple(seed)
		made, sent := delta.Diff(base, want), parse(g.Text(g.Delta(4)))
		if err := delta.Check(made); err != nil {
			return fmt.Errorf("diff made %s: %w", made, err)
		}
		for _, d := range []delta.Value{made, sent} {
			got, err := delta.Apply(other, d)
			if (err != nil) != (delta.Check(d) != nil) {
				return errors.Join(err, fmt.Errorf("check says otherwise of %s", d))
			}
			if err != nil {
				refused.Store(seed, true)
				continue
			}
			checked.Store(seed, true)
			read, err := delta.Parse(got.Append(nil), delta.Limits{})
			if err != nil || !read.Equal(got) {
				return errors.Join(err, fmt.Errorf("delta %s\nbase %s\ngives %s", d, other, got))
			}
			if again, err := delta.Apply(other, delta.Diff(other, got)); err != nil || !again.Equal(got) {
				return errors.Join(err, fmt.Errorf("%s to %s", other, got))
			}
		}
		return nil
	})
	if n := count(&checked); n < cases()/2 {
		t.Errorf("only %d deltas of %d were deltas", n, cases())
	}
	if n := count(&refused); n < cases()/20 {
		t.Errorf("only %d of %d were refused", n, cases())
	}
}

func count(m *sync.Map) (n uint64) {
	for range m.Range {
		n++
	}
	return n
}
