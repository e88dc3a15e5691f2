package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/actor"
	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

const (
	// kept is how long a bundle waits for its use.
	kept = time.Hour
	// mostKept is how many one client has waiting at once.
	mostKept = 10
	// partSize is how much of a bundle one row holds, in bytes.
	partSize = 512 << 10
)

// Receive checks a bundle and keeps it, for its sender and as long as expires says. What is not right from its first byte
// to its last is not kept at all. Errors: FORBIDDEN, INVALID, THROTTLED (too many are waiting), and those of the reader.
//
// It is read into a file first, which has no name: no transaction waits for what a slow sender has still to send.
func (s *Service) Receive(ctx context.Context, body io.Reader) (id oid.Bundle, expires time.Time, err error) {
	if a := actor.From(ctx); !a.Has("Application_CREATE") && !a.Has("Application_UPDATE") {
		return "", time.Time{}, apperr.New(apperr.Forbidden, "this takes the authority Application_CREATE or Application_UPDATE")
	}
	file, err := spool()
	if err != nil {
		return "", time.Time{}, err
	}
	defer func() { _ = file.Close() }() // there is nothing to lose
	in := &writing{to: file, from: body}
	if _, err := Read(in, func(Definition) error { return nil }); err != nil {
		return "", time.Time{}, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", time.Time{}, fmt.Errorf("bundle: read again what was received: %w", err)
	}
	id, expires = oid.New[oid.Bundle](), s.Clock.Now().Add(kept)
	err = s.db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
		if _, err := file.Seek(0, io.SeekStart); err != nil { // it may be run again
			return fmt.Errorf("bundle: read again what was received: %w", err)
		}
		return s.keep(ctx, id, expires, in.size, file)
	})
	return id, expires, err
}

// spool is a file for what is being received or sent: it is gone with the process, or when it is closed.
func spool() (*os.File, error) {
	file, err := os.CreateTemp("", "appanage-bundle-*")
	if err != nil {
		return nil, fmt.Errorf("bundle: make a file for it: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("bundle: take the name of a file away: %w", err), file.Close())
	}
	return file, nil
}

// writing writes what is read through it.
type writing struct {
	from io.Reader
	to   io.Writer
	size int
}

// Read implements io.Reader.
func (w *writing) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	w.size += n
	if _, wrote := w.to.Write(p[:n]); wrote != nil {
		return n, fmt.Errorf("bundle: keep what was received: %w", wrote)
	}
	return n, err
}

// keep writes the rows. The client's row is locked, so that what is sent at the same moment is counted one after the other.
func (s *Service) keep(ctx context.Context, id oid.Bundle, expires time.Time, size int, from io.Reader) error {
	a := actor.From(ctx)
	var client oid.Client
	if _, err := s.db.First(ctx, []any{&client}, "SELECT id FROM clients WHERE id = ?"+s.db.ForUpdateClause(), a.Client); err != nil {
		return fmt.Errorf("bundle: lock the client: %w", err)
	}
	if client == "" {
		return apperr.New(apperr.Unauthenticated, "the token is not valid, or no longer")
	}
	now := s.Clock.Now()
	var waiting int
	if _, err := s.db.First(ctx, []any{&waiting}, "SELECT COUNT(*) FROM bundles WHERE client_id = ? AND expires_at > ?", a.Client, now); err != nil {
		return fmt.Errorf("bundle: count those waiting: %w", err)
	}
	if waiting >= mostKept {
		return apperr.New(apperr.Throttled, "%d bundles of your client are waiting to be used: each goes an hour after it was sent", waiting)
	}
	_, err := s.db.Exec(ctx, "INSERT INTO bundles (id, created_at, updated_at, version, client_id, user_id, size, expires_at) VALUES (?, ?, ?, 1, ?, ?, ?, ?)",
		id, now, now, a.Client, a.User, size, expires)
	if err != nil {
		return fmt.Errorf("bundle: insert: %w", err)
	}
	return s.keepParts(ctx, id, from)
}

// keepParts cuts the text between characters: a column of text takes no halves.
func (s *Service) keepParts(ctx context.Context, id oid.Bundle, from io.Reader) error {
	buffer, held := make([]byte, partSize), 0
	for position := 0; ; position++ {
		n, err := io.ReadFull(from, buffer[held:])
		held += n
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return fmt.Errorf("bundle: read again what was received: %w", err)
		}
		cut := held
		for !last && cut > 0 && !utf8.RuneStart(buffer[cut-1]) {
			cut--
		}
		if !last {
			cut-- // the beginning of the last character
		}
		if cut > 0 {
			_, err := s.db.Exec(ctx, "INSERT INTO bundle_parts (id, bundle_id, position, content) VALUES (?, ?, ?, ?)",
				string(id)+"-"+strconv.Itoa(position), id, position, string(buffer[:cut]))
			if err != nil {
				return fmt.Errorf("bundle: insert a part: %w", err)
			}
		}
		if last {
			return nil
		}
		held = copy(buffer, buffer[cut:held])
	}
}

// Forget deletes the bundles whose time is over.
func Forget(ctx context.Context, db *store.DB, now time.Time) error {
	ctx = actor.System(ctx, "bundles whose time is over are nobody's")
	return db.InTx(ctx, func(ctx context.Context, _ *ent.Client) error {
		over, err := store.Column[oid.Bundle](ctx, db, "SELECT id FROM bundles WHERE expires_at <= ? ORDER BY id"+db.ForUpdateClause(), now)
		if err != nil {
			return fmt.Errorf("bundle: read those that are over: %w", err)
		}
		for _, id := range over {
			if _, err := db.Exec(ctx, "DELETE FROM bundle_parts WHERE bundle_id = ?", id); err != nil {
				return fmt.Errorf("bundle: forget parts: %w", err)
			}
			if _, err := db.Exec(ctx, "DELETE FROM bundles WHERE id = ?", id); err != nil {
				return fmt.Errorf("bundle: forget: %w", err)
			}
		}
		return nil
	})
}
