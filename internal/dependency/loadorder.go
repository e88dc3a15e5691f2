package dependency

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
)

// Edge is a direct dependency with its state.
type Edge struct {
	On    oid.Application
	State enum.DependencyState
}

// Loaded is one of all the applications that one depends on.
type Loaded struct {
	Application oid.Application
	Depth       int // steps of the shortest way
	State       enum.DependencyState
}

// Order lists what an application depends on in the order in which definitions are looked for (domain 8.2): depth first,
// in the order of the edges, each once. What is broken is listed and not looked into; but an application that some way
// reaches which works stands where the first such way comes to it, however many broken ones come before.
func Order(of oid.Application, edges map[oid.Application][]Edge) []Loaded {
	steps, works := distances(of, edges)
	var list []Loaded
	listed := map[oid.Application]bool{of: true}
	// The way down is a stack, not calls: it may be as deep as there are applications. Its end comes next.
	var stack []Edge
	down := func(from oid.Application) {
		for _, e := range slices.Backward(edges[from]) {
			stack = append(stack, e)
		}
	}
	for down(of); len(stack) > 0; {
		next := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		ready := next.State == enum.DependencyReady
		if listed[next.On] || !ready && works[next.On] {
			continue
		}
		listed[next.On] = true
		list = append(list, Loaded{next.On, steps[next.On], next.State})
		if ready {
			down(next.On)
		}
	}
	return list
}

// distances has the steps of the shortest way to each application, of the ways that work to their ends where there are
// any; and to which there are.
func distances(of oid.Application, edges map[oid.Application][]Edge) (steps map[oid.Application]int, works map[oid.Application]bool) {
	steps, works = map[oid.Application]int{of: 0}, map[oid.Application]bool{of: true}
	broken := map[oid.Application]int{}
	for next := []oid.Application{of}; len(next) > 0; next = next[1:] {
		for _, e := range edges[next[0]] {
			if e.State == enum.DependencyReady && !works[e.On] {
				works[e.On], steps[e.On] = true, steps[next[0]]+1
				next = append(next, e.On)
			} else if _, known := broken[e.On]; !known {
				broken[e.On] = steps[next[0]] + 1
			}
		}
	}
	for id, n := range broken {
		if !works[id] {
			steps[id] = n
		}
	}
	return steps, works
}

// LoadOrder lists all that an application depends on, at most as many as one may. It is decided with the facts of all
// applications on the way, whether the caller sees them or not: which of them he is shown is the answer's affair. One
// statement reads the graph, however deep it is.
func (s *Service) LoadOrder(ctx context.Context, of oid.Application) ([]Loaded, error) {
	facts, args := Facts(actor.From(ctx), "`d`.`client_id`", "`d`.`dependency_id`").Query()
	// MySQL ends a recursion after 1,000 steps, unless a hint says otherwise; to the others it is a comment.
	query := "WITH RECURSIVE reached (id) AS (SELECT id FROM applications WHERE id = ? UNION" +
		" SELECT d.dependency_id FROM reached AS r JOIN application_dependencies AS d ON d.application_id = r.id WHERE (" + facts + ") IN " + ready() + ")" +
		" SELECT /*+ SET_VAR(cte_max_recursion_depth = 1M) */ d.application_id, d.dependency_id, (" + facts + ")" +
		" FROM reached AS r JOIN application_dependencies AS d ON d.application_id = r.id ORDER BY d.application_id, d.position, d.id"
	edges := map[oid.Application][]Edge{}
	err := s.db.Each(ctx, query, slices.Concat([]any{of}, args, args), func(scan func(...any) error) error {
		var from, on oid.Application
		var facts int
		err := scan(&from, &on, &facts)
		edges[from] = append(edges[from], Edge{on, StateOf(facts)})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("dependency: read the load order: %w", err)
	}
	list := Order(of, edges)
	return list[:min(len(list), mostInAll)], nil
}

// ready lists, for SQL, the facts of dependencies that work.
var ready = sync.OnceValue(func() string {
	var words []string
	for facts := range allFacts {
		if StateOf(facts) == enum.DependencyReady {
			words = append(words, fmt.Sprint(facts))
		}
	}
	return "(" + strings.Join(words, ", ") + ")"
})

// State tells whether a dependency, of a row that the caller has read, works today.
func (s *Service) State(ctx context.Context, id oid.Dependency) (state enum.DependencyState, err error) {
	facts, args := Facts(actor.From(ctx), "`d`.`client_id`", "`d`.`dependency_id`").Query()
	err = s.db.Each(ctx, "SELECT ("+facts+") FROM application_dependencies AS d WHERE d.id = ?", append(args, id), func(scan func(...any) error) error {
		var n int
		err := scan(&n)
		state = StateOf(n)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("dependency: read the state: %w", err)
	}
	return state, nil
}

// Code is the code of the application that depends, of a row that the caller has read.
func (s *Service) Code(ctx context.Context, id oid.Dependency) (code string, err error) {
	query, args := CodeOf("`d`.`application_id`").Query()
	err = s.db.Each(ctx, "SELECT ("+query+") FROM application_dependencies AS d WHERE d.id = ?", append(args, id), func(scan func(...any) error) error {
		return scan(&code)
	})
	if err != nil {
		return "", fmt.Errorf("dependency: read a code: %w", err)
	}
	return code, nil
}
