package definition

import (
	"context"
	"fmt"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/ent/application"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/authz"
	"github.com/appanage/appanage/internal/delta"
	"github.com/appanage/appanage/internal/enum"
	"github.com/appanage/appanage/internal/layers"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// stand is where the layer of the caller's client stands today, or would.
type stand struct {
	*Stack

	own     *Stored                 // nil for none
	layer   layers.Layer            // the same as one of a chain, without content for none
	base    delta.Value             // what the layers below it make together; not present for nothing
	below   []oid.DefinitionVersion // the versions that base is made of, lowest first
	onFinal bool                    // what is below it takes nothing above it
	inForce bool                    // there is such a definition today, whoever's layers make it
}

// laying is what rules judge the layer by.
func (s *stand) laying() authz.Laying {
	return authz.Laying{Below: s.base.Present(), OnFinal: s.onFinal}
}

// version of the layer's row; 0 for none.
func (s *stand) version() int {
	if s.own == nil {
		return 0
	}
	return s.own.LayerVersion
}

// over is what a layer makes of what is below it; one that sleeps leaves it as it is.
func over(l layers.Layer, base delta.Value) delta.Value {
	content, _ := l.Over(base)
	return content
}

// locked reads where the caller's layer stands, for a change. The caller's client stays, and the application's row is
// locked: all who change its definitions, and who may, come one after the other, so what is read stays as it is. nil where
// there is no such application, or none for this session.
func (s *Service) locked(ctx context.Context, place Place) (*stand, error) {
	a := actor.From(ctx)
	if !s.rules.OpensDefinitions(a.Application, place.Application) {
		return nil, nil
	}
	if s.db.Engine() != store.SQLite { // there a transaction has the whole file to itself
		var id oid.Client
		switch found, err := s.db.First(ctx, []any{&id}, "SELECT id FROM clients WHERE id = ? LOCK IN SHARE MODE", a.Client); {
		case err != nil:
			return nil, fmt.Errorf("definition: hold the client: %w", err)
		case !found:
			return nil, apperr.New(apperr.Unauthenticated, "the token is not valid, or no longer")
		}
	}
	st, err := s.stack(ctx, place, a.Client, "", true)
	if st == nil || err != nil {
		return nil, err
	}
	return st.standOf(a.Client), nil
}

// standOf is where the layer of one of the chain's clients stands. The owner's is the lowest, whoever asks; that of the client
// that asks is the highest of the others.
func (s *Stack) standOf(client oid.Client) *stand {
	at := &stand{Stack: s, own: s.Of(client), layer: layers.Layer{Client: client}}
	_, at.inForce = layers.Fold(s.Chain())
	if at.own != nil {
		at.layer = at.own.Version.Layer()
	}
	if client == s.Owner {
		return at
	}
	var below []layers.Layer
	for _, l := range s.Chain() {
		if l.Client != client {
			below = append(below, l)
		}
	}
	if folded, ok := layers.Fold(below); ok {
		at.base, at.onFinal = folded.Content, folded.InForce[len(folded.InForce)-1].Final
		for _, l := range folded.InForce {
			at.below = append(at.below, oid.DefinitionVersion(l.Version))
		}
	}
	return at
}

// judged is locked, for a caller who may change his client's layers (domain 5.2, 9.2).
func (s *Service) judged(ctx context.Context, tx *ent.Client, place Place) (*stand, error) {
	none := apperr.At("input.applicationId", apperr.NotFound, "no such application")
	at, err := s.locked(ctx, place)
	if err != nil {
		return nil, err
	}
	if at == nil {
		return nil, none
	}
	if at.Access == "" || at.Status == enum.ApplicationArchived { // else it is visible for sure
		switch visible, err := tx.Application.Query().Where(application.ID(place.Application)).Exist(ctx); {
		case err != nil:
			return nil, fmt.Errorf("definition: look for the application: %w", err)
		case !visible:
			return nil, none
		}
	}
	return at, s.mayDefine(at, "input.applicationId")
}

// mayDefine refuses who has no write access.
func (s *Service) mayDefine(at *stand, path string) error {
	if !s.rules.Defines(authz.Caller{Client: at.Client, Access: at.Access}) {
		return apperr.At(path, apperr.NotAllowed, "the owner and clients with write access make definitions, each for itself: this client has none")
	}
	return nil
}

// mayLay refuses to change a layer of an archived application, or one that nothing can be laid over (domain 11.1, 9.6).
func (s *Service) mayLay(at *stand, application, name string) error {
	if !s.rules.Grows(at.Status) {
		return apperr.Archived(application)
	}
	if !s.rules.Overlays(at.laying()) {
		return apperr.At(name, apperr.NotAllowed, "a layer below is final: nothing is laid over it")
	}
	return nil
}
