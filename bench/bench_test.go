package main

import (
	"bytes"
	"io"
	"testing"
	"time"
)

// The two targets answer alike, on both engines, and can be measured: the benchmark itself does not rot.
func TestTargetsAnswerAlike(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			db, err := e.start(t.Context())
			must(t, err)
			t.Cleanup(func() { must(t, db.stop()) })
			sys, err := newSystem(t.Context(), db.url, size{clients: 2 * family, applications: 120})
			must(t, err)
			t.Cleanup(func() { must(t, sys.close()) })
			m, stop, err := newMeter(t.Context(), sys, db, clientHere(t))
			must(t, err)
			for _, sc := range scenarios(sys.world) {
				r, err := m.measure(t.Context(), sc, 2*time.Millisecond, 2)
				must(t, err)
				hub, hand := r.figures(0), r.figures(1)
				if hub.elapsed <= 0 || hand.elapsed <= 0 || hub.allocs <= 0 || hand.allocs <= 0 {
					t.Errorf("%s: measured %+v and %+v", sc.name, hub, hand)
				}
				if sc.kind != floor && (hub.statements < 1 || hand.statements < 1) {
					t.Errorf("%s: %v statements", sc.name, r.statements)
				}
			}
			must(t, stop())
		})
	}
}

// The page that is measured is full: nothing is cheap because it is empty.
func TestPortfolioIsFull(t *testing.T) {
	db, err := startSQLite(t.Context())
	must(t, err)
	t.Cleanup(func() { must(t, db.stop()) })
	sys, err := newSystem(t.Context(), db.url, size{clients: 2 * family, applications: 120})
	must(t, err)
	t.Cleanup(func() { must(t, sys.close()) })
	got, err := sys.ask(t.Context(), sys.target[1], portfolioPage().byHand[0])
	must(t, err)
	for id, want := range map[string]int{
		"app_": 50, "cli_": 50, "url_": 50 * urls, "prp_": 50 * properties, "pkg_": 50 * packages,
		"rol_": 50 * packages * rolesEach, "per_": 50 * packages * rolesEach * permissionsOf,
	} {
		if n := bytes.Count(got.data, []byte(`"id":"`+id)); n != want {
			t.Errorf("%d ids %s…, want %d", n, id, want)
		}
	}
}

// clientHere is a client in this process.
func clientHere(t *testing.T) *client {
	t.Helper()
	jobs, in := io.Pipe()
	out, done := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serveJobs(t.Context(), jobs, done) }()
	return newClient(in, out, func() error { return <-ended })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
