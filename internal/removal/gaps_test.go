package removal_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect/sql/schema"

	"github.com/appanage/appanage/ent/migrate"
	"github.com/appanage/appanage/internal/removal"
)

var registries = map[string]removal.Registry{"clients": removal.Clients, "applications": removal.Applications}

// domain 1.8, 11.3: every column of the schema that names a client or an application, or a row that goes with one, has a
// rule, and every rule has its column.
func TestRulesCoverTheSchema(t *testing.T) {
	for name, registry := range registries {
		for _, gap := range gaps(registry, migrate.Tables) {
			t.Errorf("%s: %s", name, gap)
		}
	}
}

// What is counted for people is counted under a name, and the name of one table only; but what follows from the rest.
func TestEveryTableThatGoesHasAKind(t *testing.T) {
	names := map[string]string{}
	for _, rule := range removal.Applications.Rules {
		kind, counted := removal.Applications.Kinds[rule.Table]
		if counted == (rule.Table == "role_paths") || counted && rule.Fate != removal.Goes {
			t.Errorf("%s: counted as %q", rule.Table, kind.Name)
		}
		if other := names[kind.Name]; counted && other != "" && other != rule.Table {
			t.Errorf("%s and %s are both %s", other, rule.Table, kind.Name)
		}
		names[kind.Name] = rule.Table
	}
	for table := range removal.Applications.Kinds {
		if !slices.ContainsFunc(removal.Applications.Rules, func(r removal.Rule) bool { return r.Table == table }) {
			t.Errorf("%s has a name and no rule", table)
		}
	}
}

// The check finds what it is there to find: a new table, a new column, with a foreign key or only by its name; and a rule
// for what is not there.
func TestGapsAreFound(t *testing.T) {
	column := func(name string) *schema.Column { return &schema.Column{Name: name} }
	for name, c := range map[string]struct {
		table *schema.Table
		want  []string
	}{
		"a foreign key": {
			&schema.Table{Name: "notes", Columns: []*schema.Column{column("about")},
				ForeignKeys: []*schema.ForeignKey{{Columns: []*schema.Column{column("about")}, RefTable: &schema.Table{Name: "applications"}}}},
			[]string{"applications: notes.about names applications and has no rule"},
		},
		"a foreign key to what goes": {
			&schema.Table{Name: "notes", Columns: []*schema.Column{column("about")},
				ForeignKeys: []*schema.ForeignKey{{Columns: []*schema.Column{column("about")}, RefTable: &schema.Table{Name: "roles"}}}},
			[]string{"applications: notes.about names roles and has no rule", "clients: notes.about names roles and has no rule"},
		},
		"a name alone": {
			&schema.Table{Name: "notes", Columns: []*schema.Column{column("application_id"), column("old_application_id"), column("applicant_id")}},
			[]string{"applications: notes.application_id names applications and has no rule", "applications: notes.old_application_id names applications and has no rule"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for root, registry := range registries {
				for _, gap := range gaps(registry, append(slices.Clone(migrate.Tables), c.table)) {
					got = append(got, root+": "+gap)
				}
			}
			if slices.Sort(got); !slices.Equal(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
	without := slices.DeleteFunc(slices.Clone(migrate.Tables), func(t *schema.Table) bool { return t.Name == "client_urls" })
	if got := gaps(removal.Applications, without); !slices.Equal(got, []string{"client_urls.application_id has a rule and is no column"}) {
		t.Errorf("without a table: %q", got)
	}
}

// gaps lists the columns without a rule, and the rules without a column.
func gaps(registry removal.Registry, tables []*schema.Table) []string {
	going := map[string]bool{registry.Root: true}
	rules := map[string]removal.Rule{}
	var list []string
	for _, rule := range registry.Rules {
		if rule.Fate == removal.Goes {
			going[rule.Table] = true
		}
		key := rule.Table + "." + rule.Column
		if rules[key] != (removal.Rule{}) {
			list = append(list, key+" has two rules")
		}
		rules[key] = rule
	}
	there := map[string]bool{}
	for _, table := range tables {
		named := map[string]string{}
		for _, column := range table.Columns {
			there[table.Name+"."+column.Name] = true
			for kind := range going {
				if singular := strings.TrimSuffix(kind, "s") + "_id"; column.Name == singular || strings.HasSuffix(column.Name, "_"+singular) {
					named[column.Name] = kind
				}
			}
		}
		for _, key := range table.ForeignKeys {
			if delete(named, key.Columns[0].Name); going[key.RefTable.Name] {
				named[key.Columns[0].Name] = key.RefTable.Name
			}
		}
		for column, kind := range named {
			if rule, ok := rules[table.Name+"."+column]; !ok || rule.To != kind {
				list = append(list, fmt.Sprintf("%s.%s names %s and has no rule", table.Name, column, kind))
			}
		}
	}
	for key := range rules {
		if !there[key] {
			list = append(list, key+" has a rule and is no column")
		}
	}
	slices.Sort(list)
	return list
}
