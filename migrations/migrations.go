// Package migrations holds the versioned SQL of both engines, embedded in the binary. The files are written by
// the generator (go run ./migrations/generate NAME) and never edited once released: a database remembers their
// hashes and refuses a binary in which they differ.
package migrations

import (
	"embed"
	"fmt"
	"io/fs"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
)

//go:embed mysql sqlite
var embedded embed.FS

// folders of the engines, by ent's name of the dialect.
var folders = map[string]string{dialect.MySQL: "mysql", dialect.SQLite: "sqlite"}

// Migration is one as its directory's sum file lists it.
type Migration struct {
	Version string
	File    string
	// Hash covers the file and all files before it.
	Hash string
}

// List gives the migrations of an engine in their order. It reads the sum file alone and trusts it; a test and
// the executor check it against the files.
func List(engine string) ([]Migration, error) {
	text, err := embedded.ReadFile(folders[engine] + "/" + migrate.HashFileName)
	if err != nil {
		return nil, fmt.Errorf("read the sums of the %s migrations: %w", engine, err)
	}
	var sums migrate.HashFile
	if err := sums.UnmarshalText(text); err != nil {
		return nil, fmt.Errorf("parse the sums of the %s migrations: %w", engine, err)
	}
	list := make([]Migration, len(sums))
	for i, sum := range sums {
		list[i] = Migration{Version: migrate.NewLocalFile(sum.N, nil).Version(), File: sum.N, Hash: sum.H}
	}
	return list, nil
}

// Dir gives the files of an engine in a directory of Atlas's, a copy that may be written to.
func Dir(engine string) (*migrate.MemDir, error) {
	folder, err := fs.Sub(embedded, folders[engine])
	if err != nil {
		return nil, fmt.Errorf("open the %s migrations: %w", engine, err)
	}
	names, err := fs.Glob(folder, "*")
	if err != nil {
		return nil, fmt.Errorf("list the %s migrations: %w", engine, err)
	}
	dir := new(migrate.MemDir)
	for _, name := range names {
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, fmt.Errorf("read the %s migration %s: %w", engine, name, err)
		}
		if err := dir.WriteFile(name, text); err != nil {
			return nil, fmt.Errorf("copy the %s migration %s: %w", engine, name, err)
		}
	}
	return dir, nil
}
