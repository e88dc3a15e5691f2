package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// naming has the tests that name each rule, as "folder.Test".
type naming map[rule]map[string]bool

// read finds the tests below a folder.
func read(root string) (naming, error) {
	found := naming{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		return found.file(path, filepath.ToSlash(folder))
	})
	return found, err
}

// file takes in the tests of one.
func (n naming) file(path, folder string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	for _, d := range file.Decls {
		test, ok := d.(*ast.FuncDecl)
		if !ok || test.Recv != nil || !strings.HasPrefix(test.Name.Name, "Test") {
			continue
		}
		named := strings.ReplaceAll(inName.ReplaceAllString(test.Name.Name, " domain $1.$2"), "_", " ")
		for _, c := range file.Comments {
			if c == test.Doc || test.Pos() <= c.Pos() && c.End() <= test.End() {
				named += "\n" + c.Text()
			}
		}
		for _, r := range rulesIn(named) {
			if n[r] == nil {
				n[r] = map[string]bool{}
			}
			n[r][folder+"."+test.Name.Name] = true
		}
	}
	return nil
}

var (
	// inName is how a test's name has a rule: TestDomain5_3.
	inName = regexp.MustCompile(`Domain(\d+)_(\d+)`)
	// mention is "domain" with the numbers behind it, whatever joins them.
	mention = regexp.MustCompile(`\bdomain\s+((?:\d+\.\d+)(?:\s*(?:,\s*(?:and\s+)?|and\s+|to\s+|–\s*)\d+\.\d+)*)`)
	step    = regexp.MustCompile(`(to\s+|–\s*)?(\d+)\.(\d+)`)
)

// rulesIn lists the rules that a text names. Of a span within one chapter those between are named too.
func rulesIn(text string) (list []rule) {
	for _, m := range mention.FindAllStringSubmatch(text, -1) {
		var last rule
		for _, s := range step.FindAllStringSubmatch(m[1], -1) {
			c, _ := strconv.Atoi(s[2]) // both are digits
			n, _ := strconv.Atoi(s[3])
			if s[1] != "" && c == last.chapter {
				for between := last.number + 1; between < n; between++ {
					list = append(list, rule{c, between})
				}
			}
			last = rule{c, n}
			list = append(list, last)
		}
	}
	return list
}
