package bundle

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/definition"
	"github.com/appanage/appanage/internal/oid"
)

// atApplication is where the input of a command names the application.
const atApplication = "input.applicationId"

// Export decides that the caller may take an application out (authority Application_READ; domain 12.1), and writes it into
// the trail. Errors: NOT_FOUND, NOT_ALLOWED.
func (s *Service) Export(ctx context.Context, id oid.Application) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *ent.Client) error {
		if err := s.opens(ctx, id); err != nil {
			return err
		}
		j, err := s.Applications.Judge(ctx, tx, id, atApplication)
		if err != nil {
			return err
		}
		if !s.Rules.Exports(j.Caller, j.Facts) {
			return apperr.At(atApplication, apperr.NotAllowed, "only the owner, the clients managing it, SYSTEM, and the creator while it may write may export it")
		}
		return audit.Record(ctx, s.db, audit.Event{Client: j.ClientID, Operation: "applicationExport", Kind: "Application", Object: string(id),
			After: map[string]any{"code": j.Code, "version": j.Version}})
	})
}

// opens refuses a session for another application: it opens no definitions but that one's.
func (s *Service) opens(ctx context.Context, id oid.Application) error {
	if !s.Rules.OpensDefinitions(actor.From(ctx).Application, id) {
		return apperr.At(atApplication, apperr.NotFound, "no such application")
	}
	return nil
}

// Ticket is the way to the download of what Export has allowed the caller.
func (s *Service) Ticket(ctx context.Context, id oid.Application) (text string, expires time.Time) {
	t := Ticket{id, actor.From(ctx).Session, s.Clock.Now().Add(ticketTerm)}
	return t.write(s.Key), t.ExpiresAt
}

// Download is a bundle that is ready to be sent.
type Download struct {
	Name    string // of the file
	Size    int64
	Content io.ReadCloser
}

// Download makes the bundle of an application as it is now, for a caller who may still export it. It is written to a file
// first: the database waits for nobody who reads slowly. Errors: NOT_FOUND for whatever stands against it, TOO_LARGE.
func (s *Service) Download(ctx context.Context, id oid.Application) (*Download, error) {
	if !actor.From(ctx).Has("Application_READ") || s.opens(ctx, id) != nil {
		return nil, ErrNoDownload()
	}
	ctx, end := s.db.Snapshot(ctx)
	defer end()
	j, err := s.Applications.Look(ctx, s.db.Client(ctx), id, atApplication)
	if apperr.CodeOf(err) == apperr.NotFound || err == nil && !s.Rules.Exports(j.Caller, j.Facts) {
		return nil, ErrNoDownload()
	}
	if err != nil {
		return nil, err
	}
	doc, err := s.describe(ctx, j)
	if err != nil {
		return nil, err
	}
	if wrong, ok := apperr.As(doc.check()); ok {
		return nil, tooLarge("%s", wrong.Message)
	}
	file, err := spool()
	if err != nil {
		return nil, err
	}
	size, err := s.write(ctx, file, j.ID, j.ClientID, doc)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		_ = file.Close() // there is nothing to lose
		return nil, fmt.Errorf("bundle: write: %w", err)
	}
	return &Download{Name: j.Code + ".appanage.json", Size: size, Content: file}, nil
}

// write writes a document, with the definitions one after the other.
func (s *Service) write(ctx context.Context, to io.WriteSeeker, app oid.Application, owner oid.Client, doc *Document) (int64, error) {
	w := newWriter(to)
	w.head(doc)
	err := s.Definitions.Provided(ctx, app, owner, func(d definition.Provided) error {
		return w.definition(Definition(d))
	})
	if err != nil {
		return 0, err
	}
	if err := w.end(doc.LeftOut); err != nil {
		return 0, err
	}
	return to.Seek(0, io.SeekCurrent)
}
