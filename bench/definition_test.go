package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A definition is resolved alike by the hub and by hand, on both engines, and the data is as it was afterwards.
func TestDefinitionsAlike(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			db, sys := systemOn(t, e, small)
			before := counted(t, sys)
			var out strings.Builder
			must(t, measureDefinitions(t.Context(), sys, db, time.Millisecond, &out))
			t.Log("\n" + out.String())
			for _, want := range []string{"100 KB", "by hand", "hub, cold", "hub, warm"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is not printed", want)
				}
			}
			if after := counted(t, sys); !slices.Equal(after, before) {
				t.Errorf("there are %v rows, before there were %v", after, before)
			}
		})
	}
}

// counted has the number of rows of the tables that the definition stands in.
func counted(t *testing.T, sys *system) (list []string) {
	t.Helper()
	for _, table := range []string{"clients", "client_paths", "package_gifts", "applications", "access_grants", "definition_layers", "definition_versions", "audit_events"} {
		list = append(list, rowsOf(t, sys.hub, "SELECT COUNT(*) AS n, 1 FROM "+table)...)
	}
	return list
}
