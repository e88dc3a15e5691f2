package property

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/store"
)

// rotatedAtOnce is how many rows one transaction of Rotate encrypts.
const rotatedAtOnce = 200

// Rotation counts what Rotate has done.
type Rotation struct {
	Key            string // the first of the ring
	Anew, Standing int    // encrypted anew under it; so already
}

// Rotate encrypts every secret property under the first key of a ring, some rows at a time, each time in one transaction:
// it can be interrupted, and repeated. Values, versions and the trail stay as they are, for nothing has changed. Where
// the ring lacks a key that is in use, nothing is done, and the error says which.
func Rotate(ctx context.Context, db *store.DB, ring Ring) (Rotation, error) {
	done := Rotation{Key: ring.first}
	if ring.first == "" {
		return done, errNoKey
	}
	if err := checkKeys(ctx, db, ring); err != nil {
		return done, err
	}
	for last := oid.Property(""); ; {
		var rows []sealedRow
		err := db.InTx(ctx, func(ctx context.Context, _ *ent.Client) (err error) {
			if rows, err = readSealed(ctx, db, last, db.ForUpdateClause()); err != nil {
				return err
			}
			return ring.reseal(ctx, db, rows)
		})
		if err != nil {
			return done, err
		}
		for _, row := range rows {
			if keyOf(row.sealed) == ring.first {
				done.Standing++
			} else {
				done.Anew++
			}
		}
		if len(rows) < rotatedAtOnce {
			return done, nil
		}
		last = rows[len(rows)-1].id
	}
}

// sealedRow is what Rotate reads of a row.
type sealedRow struct {
	id     oid.Property
	place  Place
	sealed string
}

// checkKeys fails where a value is sealed under a key that the ring lacks.
func checkKeys(ctx context.Context, db *store.DB, ring Ring) error {
	missing := map[string]int{}
	for last := oid.Property(""); ; {
		rows, err := readSealed(ctx, db, last, "")
		if err != nil {
			return err
		}
		for _, row := range rows {
			if id := keyOf(row.sealed); ring.by[id] == nil {
				missing[id]++
			}
		}
		if len(rows) < rotatedAtOnce {
			break
		}
		last = rows[len(rows)-1].id
	}
	if len(missing) == 0 {
		return nil
	}
	var list []string
	for _, id := range slices.Sorted(maps.Keys(missing)) {
		list = append(list, fmt.Sprintf("%s (%d values)", id, missing[id]))
	}
	return fmt.Errorf("property: secret values are encrypted under keys that are not configured: %s; nothing was changed", strings.Join(list, ", "))
}

func readSealed(ctx context.Context, db *store.DB, after oid.Property, clause string) (list []sealedRow, err error) {
	err = db.Each(ctx, "SELECT id, application_id, client_id, name, sealed FROM application_properties WHERE id > ? AND sealed IS NOT NULL ORDER BY id LIMIT ?"+clause,
		[]any{string(after), rotatedAtOnce}, func(scan func(...any) error) error {
			var r sealedRow
			err := scan(&r.id, &r.place.Application, &r.place.Client, &r.place.Name, &r.sealed)
			list = append(list, r)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("property: read what is sealed: %w", err)
	}
	return list, nil
}

// reseal encrypts locked rows anew, but for those that are under the first key already.
func (r Ring) reseal(ctx context.Context, db *store.DB, rows []sealedRow) error {
	for _, row := range rows {
		if keyOf(row.sealed) == r.first {
			continue
		}
		value, err := r.Open(row.place, row.sealed)
		if err != nil {
			return fmt.Errorf("%w (%s)", err, row.id)
		}
		sealed, err := r.Seal(row.place, value)
		if err != nil {
			return err
		}
		if _, err := db.Exec(ctx, "UPDATE application_properties SET sealed = ? WHERE id = ?", sealed, string(row.id)); err != nil {
			return fmt.Errorf("property: write what is sealed anew: %w", err)
		}
	}
	return nil
}
