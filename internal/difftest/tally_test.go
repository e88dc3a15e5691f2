package difftest

import (
	"bufio"
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// leastPlanned is the percentage that must be answered by plans, of the operations in which nothing is wrong, of callers
// who hold every authority. (Others may hold what is wrong where the reference executor never comes by.)
const leastPlanned = 90

// referred are the fields that no plan answers, for kernels of the domain do: operations with them do not count.
var referred = []string{"authorityHolders", "authorities", "loadOrder", "propertyDefinitions", "resolveUrl", "urlFor", "applicationsAvailable", "effectiveAccess",
	"definition", "definitions", "changesSince", "registrationOptions", "registrationPreview"}

var isReferred = regexp.MustCompile(`\b(` + strings.Join(referred, "|") + `)\b`)

// tally counts what was asked and how it was answered. Runners share it.
type tally struct {
	asked atomic.Int64

	mu            sync.Mutex
	wrong         int                  // answered with errors
	bytes         int                  // of all data
	codes         map[string]int       // of the errors
	full, planned int                  // without errors, of callers who hold everything; of these, planned
	refusals      map[string]int       // by reason
	shortest      map[string]operation // refused for a reason, without errors, of callers who hold everything
}

func newTally() *tally {
	return &tally{codes: map[string]int{}, refusals: map[string]int{}, shortest: map[string]operation{}}
}

// count notes one answer, and what the planning node counted meanwhile.
func (s *tally) count(who principal, op operation, a answer, read *reading) {
	s.asked.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes += len(a.data)
	for _, e := range a.errors {
		_, code, _ := strings.Cut(e, `"code":"`)
		code, _, _ = strings.Cut(code, `"`)
		s.codes[code]++
	}
	if len(a.errors) > 0 {
		s.wrong++
		return
	}
	if read == nil {
		return
	}
	counts := who.full && op.clean && !isReferred.MatchString(op.query)
	for _, reason := range read.reasons {
		s.refusals[reason]++
		if had, known := s.shortest[reason]; counts && (!known || len(op.query) < len(had.query)) {
			s.shortest[reason] = op
		}
	}
	if counts {
		s.full++
		if read.planned {
			s.planned++
		}
	}
}

func (s *tally) report(t *testing.T, took time.Duration) {
	t.Helper()
	n := int(s.asked.Load())
	t.Logf("%d operations in %s: %.0f a second, %d bytes of data each; %d with errors %v", n, took.Round(time.Millisecond),
		float64(n)/took.Seconds(), s.bytes/max(n, 1), s.wrong, ranked(s.codes))
	if s.full > 0 {
		t.Logf("planned: %d of %d; refused: %v", s.planned, s.full, ranked(s.refusals))
	}
	for reason, op := range s.shortest {
		t.Logf("refused, though right, for %s: %s", reason, op)
	}
}

// check: the test has looked at enough that was right, and the planner at enough of it.
func (s *tally) check(t *testing.T) {
	t.Helper()
	if n := int(s.asked.Load()); s.wrong > n/2 {
		t.Errorf("%d of %d operations were answered with errors: the generator asks too much that is wrong", s.wrong, n)
	}
	if s.full == 0 || s.planned*100 < s.full*leastPlanned {
		t.Errorf("%d of %d operations were planned, fewer than %d %%: refused for %v", s.planned, s.full, leastPlanned, ranked(s.refusals))
	}
}

// ranked lists counts, the highest first.
func ranked(counts map[string]int) []string {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
	for i, k := range keys {
		keys[i] = fmt.Sprintf("%s: %d", k, counts[k])
	}
	return keys
}

// meter reads a node's metrics. The node is asked by its runner alone.
type meter struct {
	node http.Handler
	last map[string]float64
}

// reading is what a node's counters said of one operation.
type reading struct {
	planned bool
	reasons []string // of refusal
}

// newMeter reads a node's metrics for the first time.
func newMeter(tb testing.TB, node http.Handler) *meter {
	tb.Helper()
	m := &meter{node: node}
	m.last = m.scrape()
	if _, ok := m.last[planned]; !ok {
		tb.Fatalf("the node does not count %s", planned)
	}
	return m
}

// planned is the counter of operations answered by plans.
const planned = `appanage_reads_total{executor="planned"}`

// since gives what was counted since it was called last; nil without a meter.
func (m *meter) since() *reading {
	if m == nil {
		return nil
	}
	now := m.scrape()
	var r reading
	for name, n := range now {
		reason, refused := strings.CutPrefix(name, "appanage_plan_refusals_total")
		switch {
		case n == m.last[name]:
		case name == planned:
			r.planned = true
		case refused:
			r.reasons = append(r.reasons, reason)
		}
	}
	m.last = now
	return &r
}

func (m *meter) scrape() map[string]float64 {
	w := httptest.NewRecorder()
	m.node.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	out := map[string]float64{}
	for lines := bufio.NewScanner(w.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "} ")
		if n, err := strconv.ParseFloat(value, 64); err == nil && strings.HasPrefix(name, "appanage_") {
			out[name+"}"] = n
		}
	}
	return out
}
