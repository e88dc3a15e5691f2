package dependency

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// links are the dependencies of applications, broken ones too, in stored order.
type links map[oid.Application][]oid.Application

// mayDepend refuses a dependency that closes a circle, with the way by which it does, and one that would have the
// application depend on too many. The graph is locked. An application above this one may come to depend on more: whoever
// embeds something must not stop its owner from building it.
func (s *Service) mayDepend(ctx context.Context, tx *ent.Client, from, to oid.Application, direct []oid.Application) error {
	if len(direct) >= mostDirect {
		return apperr.At("input.applicationId", apperr.NotAllowed, "an application depends on at most %d others directly", mostDirect)
	}
	reached, below, err := s.reach(ctx, append([]oid.Application{to}, direct...))
	if err != nil {
		return err
	}
	if reached[from] {
		way, err := s.spell(ctx, tx, append([]oid.Application{from}, wayDown(below, to, from)...))
		if err != nil {
			return err
		}
		return apperr.At("input.dependencyId", apperr.Cycle, "applications would depend on each other in a circle: %s", way)
	}
	if len(reached) > mostInAll {
		return apperr.At("input.dependencyId", apperr.NotAllowed, "an application depends on at most %d others, directly or not", mostInAll)
	}
	return nil
}

// reach follows dependencies from some applications, which count as reached, one statement for each step away. It ends
// when there is nothing more, or more than anything may depend on.
func (s *Service) reach(ctx context.Context, from []oid.Application) (map[oid.Application]bool, links, error) {
	reached, below := map[oid.Application]bool{}, links{}
	next := from
	for _, id := range from {
		reached[id] = true
	}
	for len(next) > 0 && len(reached) <= mostInAll {
		query := "SELECT application_id, dependency_id FROM application_dependencies WHERE application_id IN " + store.Marks(len(next)) +
			" ORDER BY application_id, position, id"
		args := store.Anys(next)
		next = nil
		err := s.db.Each(ctx, query, args, func(scan func(...any) error) error {
			var above, id oid.Application
			err := scan(&above, &id)
			below[above] = append(below[above], id)
			if !reached[id] {
				reached[id] = true
				next = append(next, id)
			}
			return err
		})
		if err != nil {
			return nil, nil, fmt.Errorf("dependency: read the graph: %w", err)
		}
	}
	return reached, below, nil
}

// wayDown is the shortest way between two applications, both included; nil where there is none.
func wayDown(below links, from, to oid.Application) []oid.Application {
	cameBy := map[oid.Application]oid.Application{from: ""}
	for next := []oid.Application{from}; len(next) > 0; next = next[1:] {
		at := next[0]
		if at == to {
			var way []oid.Application
			for ; at != ""; at = cameBy[at] {
				way = append(way, at)
			}
			slices.Reverse(way)
			return way
		}
		for _, id := range below[at] {
			if _, been := cameBy[id]; !been {
				cameBy[id] = at
				next = append(next, id)
			}
		}
	}
	return nil
}

// spell writes a way through applications: those the caller sees by their codes, the others counted (domain 0).
func (s *Service) spell(ctx context.Context, tx *ent.Client, way []oid.Application) (string, error) {
	rows, err := tx.Application.Query().Where(application.IDIn(way...)).All(ctx)
	if err != nil {
		return "", fmt.Errorf("dependency: read applications: %w", err)
	}
	codes := map[oid.Application]string{}
	for _, row := range rows {
		codes[row.ID] = row.Code
	}
	return strings.Join(words(way, codes), " > "), nil
}

// words has the codes of a way, and in place of applications without one how many there are.
func words(way []oid.Application, codes map[oid.Application]string) []string {
	var words []string
	for i := 0; i < len(way); i++ {
		if code, seen := codes[way[i]]; seen {
			words = append(words, code)
			continue
		}
		hidden := 1
		for i+1 < len(way) && codes[way[i+1]] == "" {
			hidden++
			i++
		}
		if hidden == 1 {
			words = append(words, "an application you cannot see")
		} else {
			words = append(words, fmt.Sprintf("%d applications you cannot see", hidden))
		}
	}
	return words
}
