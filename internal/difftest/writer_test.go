package difftest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/appanage/appanage/ent"
	"github.com/appanage/appanage/internal/fold"
	"github.com/appanage/appanage/internal/oid"
	"github.com/appanage/appanage/internal/testkit/hubtest"
)

// row is one row of a table, by column.
type row map[string]any

// tables lists what is written, after what its foreign keys point at.
var tables = []string{
	"clients", "client_paths", "users", "applications", "access_grants", "definition_versions", "definition_layers", "application_properties", "property_changes", "client_urls", "application_dependencies",
	"permissions", "roles", "role_paths", "role_sub_roles", "role_permissions", "packages", "package_roles", "package_gifts",
	"memberships", "membership_roles", "sessions", "invitations", "invitation_roles", "outbox_events", "audit_events",
	"registration_rules", "registration_codes", "access_requests",
}

// batch is the number of rows of one statement: below the number of parameters that SQLite takes.
const batch = 200

// writer gathers rows and writes them as they are, past every rule: what the rules forbid today may be in a database.
type writer struct {
	rng  *rand.Rand
	rows map[string][]row // by table
	keys map[string]bool
}

func newWriter(seed uint64) *writer {
	return &writer{rng: rand.New(rand.NewPCG(seed, 0)), rows: map[string][]row{}, keys: map[string]bool{}}
}

// add adds a row with an id, times and a version. A name gets its folded key.
func (w *writer) add(table string, r row) {
	r["created_at"], r["updated_at"], r["version"] = w.moment(), w.moment(), 1+w.rng.IntN(3)*w.rng.IntN(1<<29)
	if text, ok := r["name"].(string); ok && table != "application_properties" && table != "property_changes" {
		r["name_key"] = fold.Key(text)
	}
	w.link(table, r)
}

// link adds a row that has nothing but its columns.
func (w *writer) link(table string, r row) { w.rows[table] = append(w.rows[table], r) }

// moment is a time with from no to six decimals of a second, far back or ahead.
func (w *writer) moment() time.Time {
	unit := []time.Duration{time.Microsecond, time.Millisecond, 100 * time.Millisecond, time.Second, time.Hour}[w.rng.IntN(5)]
	return now.Add(-time.Duration(w.rng.Int64N(int64(20 * 365 * 24 * time.Hour)))).Truncate(unit)
}

// store writes all rows in one transaction.
func (w *writer) store(tb testing.TB, h *hubtest.Hub) {
	tb.Helper()
	h.Must(h.DB.InTx(h.System(), func(ctx context.Context, _ *ent.Client) error {
		for _, table := range tables {
			for rows := range slices.Chunk(w.rows[table], batch) {
				if err := insert(ctx, h, table, rows); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

func insert(ctx context.Context, h *hubtest.Hub, table string, rows []row) error {
	columns := slices.Sorted(maps.Keys(rows[0]))
	var values []any
	for _, r := range rows {
		if len(r) != len(columns) {
			return fmt.Errorf("a row of %s has %d columns, the first %d", table, len(r), len(columns))
		}
		for _, c := range columns {
			values = append(values, r[c])
		}
	}
	group := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	statement := "INSERT INTO " + table + " (`" + strings.Join(columns, "`, `") + "`) VALUES " + group + strings.Repeat(", "+group, len(rows)-1)
	if _, err := h.DB.Exec(ctx, statement, values...); err != nil {
		return fmt.Errorf("load %s: %w", table, err)
	}
	return nil
}

// first tells whether no row with this key has been before.
func (w *writer) first(key ...any) bool {
	k := fmt.Sprint(key...)
	if w.keys[k] {
		return false
	}
	w.keys[k] = true
	return true
}

// maybe is the value, or NULL as often as not.
func (w *writer) maybe(value any) any {
	if w.rng.IntN(2) == 0 {
		return nil
	}
	return value
}

func (w *writer) chance(percent int) bool { return w.rng.IntN(100) < percent }

func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

// id is the nth id of a kind, the same in every world. Rows sort by it, whoever owns them.
func id[T oid.ID](n int) T {
	var zero T
	return T(fmt.Sprintf("%s_01%024d", zero.Kind(), n))
}

// names are what people type and what breaks encoders. Many are alike without case, so that lists have ties; none has
// outer spaces, which no name keeps.
var names = []string{
	"Shop", "shop", "SHOP", "shop", "Shop", `Quote " \ back / slash`, "Fox 🦊 and 👩‍👩‍👧", "Sep\u2028and\u2029end", "Tab\tline\nreturn\rbell\a\u0001\u001f\u007f",
	"Ünïcode ﬁ", "<b>&amp;</b><script>'x'</script>", "متجر", "日本の店", "Zoë's €", "Zoe\u0308's €", "\ufeffmark\u200b\u00a0", "%_*?", "null", "e\u0301", "é", "\U0010ffff",
}

// texts are what only fields hold that no list is ordered by: empty, with outer spaces, long.
var texts = append([]string{"", "", " ", "trailing  ", "\ttab", "\x00", "{\"a\":[1,null]}", "\\u0041\\", strings.Repeat("long \"text\" ", 300)[:250]}, names...)
