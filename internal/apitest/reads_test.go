package apitest

import (
	"runtime/debug"
	"testing"

	"github.com/appanage/appanage/internal/testkit/hubtest"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // thousands of small answers: a sixth of the time went into collecting them
	m.Run()
}

// What can be read, and how it is paged, in one portfolio for each engine. The last ones add to it.
func TestReads(t *testing.T) {
	hubtest.Engines(t, func(t *testing.T, h *hubtest.Hub) {
		w := newPortfolio(t, h)
		for _, c := range []struct {
			rule  string
			prove func(t *testing.T, h *hubtest.Hub, w *portfolio)
		}{
			{"design 4, nested applications agree with plain SQL", applicationsAgreeWithPlainSQL},
			{"design 4, nested clients agree with plain SQL", clientsAgreeWithPlainSQL},
			{"Relay, a walk meets each item once and in order", walksMeetEachItemOnceInOrder},
			{"Relay, the edges of lists", edgesOfLists},
			{"Relay, the parts of a connection under several names", partsUnderSeveralNames},
			{"Relay, bad sizes are refused", badSizesAreRefused},
			{"Relay, bad cursors are refused", badCursorsAreRefused},
			{"filters find what a naive filter finds", filtersFindWhatANaiveFilterFinds},
			{"filters refuse wrong values", filtersRefuseWrongValues},
			{"Relay, node finds any object", nodeFindsAnyObject},
			{"Relay, nodes keep order and length", nodesKeepOrderAndLength},
			{"design 5, nodes ask for the authority of their kind", nodesAskForTheAuthorityOfTheirKind},
			{"Relay, cursors outlive changes", cursorsOutliveChanges},
		} {
			t.Run(c.rule, func(t *testing.T) { c.prove(t, h.With(t), w) })
		}
	})
}
