package dependency

import (
	"context"
	"fmt"
	"slices"

	"entgo.io/ent/dialect/sql"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/clock"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/scope"
	"github.com/appanage/appanage/internal/store"
)

// Add is a dependency to be made (domain 8.1).
type Add struct {
	Application, Dependency oid.Application
	Position                *int // from 1; nil, or beyond the end: the end
}

// Validate joins what is wrong with the command.
func (c *Add) Validate() error {
	if c.Position != nil && *c.Position < 1 {
		return apperr.At("input.position", apperr.Invalid, "places are counted from 1")
	}
	return nil
}

// Add makes an application depend on another (authority Application_UPDATE). Errors: INVALID, NOT_FOUND, NOT_ALLOWED,
// ALREADY_DONE, CYCLE.
func (s *Service) Add(ctx context.Context, cmd Add) (oid.Dependency, error) {
	if err := cmd.Validate(); err != nil {
		return "", err
	}
	id := oid.New[oid.Dependency]()
	err := s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if err := s.lockGraph(ctx, tx); err != nil {
			return err
		}
		from, err := s.judge(ctx, tx, cmd)
		if err != nil {
			return err
		}
		direct, err := s.listed(ctx, cmd.Application)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(direct, func(d place) bool { return d.on == cmd.Dependency }) {
			return done()
		}
		if err := s.works(ctx, cmd); err != nil {
			return err
		}
		if err := s.mayDepend(ctx, tx, cmd.Application, cmd.Dependency, targets(direct)); err != nil {
			return err
		}
		return s.insert(ctx, id, cmd, from.ClientID, direct)
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

func done() error {
	return apperr.At("input.dependencyId", apperr.AlreadyDone, "it depends on this application already")
}

// judge locks both applications, which the caller must see, and asks that he answers for the one that is to depend on
// the other.
func (s *Service) judge(ctx context.Context, tx *ent.Client, cmd Add) (*ent.Application, error) {
	both := tx.Application.Query().Where(application.IDIn(cmd.Application, cmd.Dependency)).Order(ent.Asc(application.FieldID))
	rows, err := store.ForUpdate(s.db, both).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("dependency: read applications: %w", err)
	}
	at := map[oid.Application]*ent.Application{}
	for _, row := range rows {
		at[row.ID] = row
	}
	var errs apperr.Collector
	if at[cmd.Application] == nil {
		errs.Add(apperr.At("input.applicationId", apperr.NotFound, "no such application"))
	}
	if at[cmd.Dependency] == nil {
		errs.Add(apperr.At("input.dependencyId", apperr.NotFound, "no such application"))
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	ruled, err := ruled(ctx, tx, cmd.Application)
	if err != nil {
		return nil, err
	}
	if !s.rules.Depends(ruled[cmd.Application]) {
		return nil, apperr.At("input.applicationId", apperr.NotAllowed, "only the owner, the clients managing it and SYSTEM say what an application depends on; to write it is not enough")
	}
	if !s.rules.Grows(at[cmd.Application].Status) {
		return nil, apperr.Archived("input.applicationId")
	}
	return at[cmd.Application], nil
}

// ruled tells which of the applications are owned in the caller's scope.
func ruled(ctx context.Context, tx *ent.Client, ids ...oid.Application) (map[oid.Application]bool, error) {
	a := actor.From(ctx)
	inScope := func(s *sql.Selector) {
		if p := scope.In(a, s.C(application.FieldClientID)); p != nil && !a.IsSystem() {
			s.Where(p)
		}
	}
	owned, err := tx.Application.Query().Where(application.IDIn(ids...), inScope).IDs(ctx)
	if err != nil {
		return nil, fmt.Errorf("dependency: read the scope: %w", err)
	}
	in := make(map[oid.Application]bool, len(owned))
	for _, id := range owned {
		in[id] = true
	}
	return in, nil
}

// works asks that the dependency would work today (domain 8.1).
func (s *Service) works(ctx context.Context, cmd Add) error {
	facts, args := Facts(actor.From(ctx), "`p`.`client_id`", "`q`.`id`").Query()
	state := enum.DependencyState("")
	err := s.db.Each(ctx, "SELECT ("+facts+") FROM applications AS p JOIN applications AS q ON q.id = ? WHERE p.id = ?",
		append(args, cmd.Dependency, cmd.Application), func(scan func(...any) error) error {
			var n int
			err := scan(&n)
			state = embedding(n).State(s.rules.Embeds)
			return err
		})
	if err != nil {
		return fmt.Errorf("dependency: read access and consent: %w", err)
	}
	why := map[enum.DependencyState]string{
		enum.DependencyArchived:  "it is archived",
		enum.DependencyNoAccess:  "the owner of the application has no access to it",
		enum.DependencyNoConsent: "its owner does not let it be embedded: the grant must say so",
	}
	if state != enum.DependencyReady {
		return apperr.At("input.dependencyId", apperr.NotAllowed, "%s", why[state])
	}
	return nil
}

// place is a dependency in the list of its application.
type place struct {
	on       oid.Application
	position int
}

func targets(list []place) []oid.Application {
	ids := make([]oid.Application, len(list))
	for i, d := range list {
		ids[i] = d.on
	}
	return ids
}

// listed reads the direct dependencies of an application in stored order.
func (s *Service) listed(ctx context.Context, of oid.Application) (list []place, err error) {
	err = s.db.Each(ctx, "SELECT dependency_id, position FROM application_dependencies WHERE application_id = ? ORDER BY position, id",
		[]any{of}, func(scan func(...any) error) error {
			var d place
			err := scan(&d.on, &d.position)
			list = append(list, d)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("dependency: read the dependencies: %w", err)
	}
	return list, nil
}

// insert writes the row at its place; those from there on move by one.
func (s *Service) insert(ctx context.Context, id oid.Dependency, cmd Add, owner oid.Client, list []place) error {
	position := 1
	if len(list) > 0 {
		position = list[len(list)-1].position + 1
	}
	if p := cmd.Position; p != nil && *p <= len(list) {
		position = list[*p-1].position
		if err := s.move(ctx, cmd.Application, position, 1); err != nil {
			return err
		}
	}
	now := clock.Now()
	_, err := s.db.Exec(ctx, "INSERT INTO application_dependencies (id, created_at, updated_at, version, client_id, application_id, dependency_id, position) VALUES "+
		store.Marks(8), id, now, now, 1, owner, cmd.Application, cmd.Dependency, position)
	if store.UniqueKey(err) != "" {
		return done()
	}
	if err != nil {
		return fmt.Errorf("dependency: insert: %w", err)
	}
	return audit.Record(ctx, s.db, audit.Event{Client: owner, Operation: "applicationDependencyAdd", Kind: "ApplicationDependency", Object: string(id),
		After: map[string]any{"applicationId": cmd.Application, "dependencyId": cmd.Dependency, "position": position}})
}

// move shifts the dependencies of an application from a place on. The trail tells of it by the place of what came or went.
func (s *Service) move(ctx context.Context, of oid.Application, from, by int) error {
	_, err := s.db.Exec(ctx, "UPDATE application_dependencies SET position = position + ?, version = version + 1, updated_at = ?"+
		" WHERE application_id = ? AND position >= ?", by, clock.Now(), of, from)
	if err != nil {
		return fmt.Errorf("dependency: move: %w", err)
	}
	return nil
}
