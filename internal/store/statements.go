package store

import (
	"container/list"
	"database/sql/driver"
	"hash/maphash"
	"slices"
	"strings"
)

const (
	keptLength = 8 << 10 // longer texts are bulk inserts, hardly ever twice the same
	// Texts that came once are remembered in so many sets of so many: a few that are run in turns do not drive each other
	// out, whatever their hashes.
	onceSets = 64
	onceWays = 4
)

// statements are the compiled statements of one connection: those used last, at most so many. A text is worth
// an entry when it comes again, so that texts which never do (lists of ever-changing length) drive nothing out.
type statements struct {
	most   int
	byText map[string]*list.Element
	order  list.List                  // of *statement, the one used last first
	once   [onceSets][onceWays]uint64 // hashes of texts that came once, the last first; one that is driven out counts as never come
}

// statement is the entry of a text.
type statement struct {
	text     string
	compiled compiled // nil: the server does not compile this text
	rows     keptRows // of the run under way
	busy     bool     // a run is under way
	dropped  bool     // to be closed when it is over
}

// compiled is a prepared statement of a driver.
type compiled interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

var hashSeed = maphash.MakeSeed()

func newStatements(most int) *statements {
	return &statements{most: most, byText: make(map[string]*list.Element, most)}
}

// get is the entry of a text, or nil. It becomes the one used last.
func (s *statements) get(text string) *statement {
	e, ok := s.byText[text]
	if !ok {
		return nil
	}
	s.order.MoveToFront(e)
	return entry(e)
}

// again tells whether the text came before, as far as is remembered, and remembers it.
func (s *statements) again(text string) bool {
	hash := maphash.String(hashSeed, text)
	set := &s.once[hash%onceSets]
	if way := slices.Index(set[:], hash); way >= 0 {
		set[way] = 0
		return true
	}
	copy(set[1:], set[:])
	set[0] = hash
	return false
}

// makeRoom drops the entry not used for longest if another one would be too many.
func (s *statements) makeRoom() {
	if s.order.Len() >= s.most {
		s.drop(s.order.Back())
	}
}

// add makes the entry of a text that has none.
func (s *statements) add(text string, c compiled) *statement {
	s.makeRoom()
	k := &statement{text: text, compiled: c}
	s.byText[text] = s.order.PushFront(k)
	return k
}

// forget drops an entry that is of no use any more.
func (s *statements) forget(k *statement) {
	if !k.dropped {
		s.drop(s.byText[k.text])
	}
}

func (s *statements) drop(e *list.Element) {
	k := entry(e)
	s.order.Remove(e)
	delete(s.byText, k.text)
	k.dropped = true
	if !k.busy {
		k.close()
	}
}

// clear drops all entries.
func (s *statements) clear() {
	for e := s.order.Front(); e != nil; e = s.order.Front() {
		s.drop(e)
	}
}

// over ends a run.
func (k *statement) over() {
	k.busy = false
	if k.dropped {
		k.close()
	}
}

// close frees memory, here or on the server. If that fails, the connection is broken and frees it with itself.
func (k *statement) close() {
	if k.compiled != nil {
		_ = k.compiled.Close()
	}
}

func entry(e *list.Element) *statement {
	return e.Value.(*statement) //nolint:forcetypeassert // nothing else is put in
}

// worthKeeping is true for the statements of requests, and for SQLite's of a snapshot. A PRAGMA must never be kept:
// some take effect while they are compiled.
func worthKeeping(text string) bool {
	word, _, _ := strings.Cut(text, " ")
	switch word {
	case "SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "BEGIN", "ROLLBACK":
		return len(text) <= keptLength
	}
	return false
}
