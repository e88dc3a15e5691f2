// Command rules prints the rules of the domain with the tests that name them, and fails where a rule has none. A test
// names a rule in its name or in a comment on or in it: "domain 5.3", "domain 5.1, 5.3", "domain 3.1 to 3.6".
package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// wanted are the chapters that are held to their tests, with the rules of each that are built now. Their text lies
// outside of this repository; where it is at hand, the two are compared.
var wanted = []chapter{{4, 6}, {5, 5}, {6, 5}, {7, 3}, {8, 2}, {9, 8}, {10, 8}, {11, 4}, {12, 2}}

type chapter struct{ number, rules int }

func (c chapter) each() []rule {
	list := make([]rule, c.rules)
	for i := range list {
		list[i] = rule{c.number, i + 1}
	}
	return list
}

// rule is the number of one.
type rule struct{ chapter, number int }

// String writes it as the text does.
func (r rule) String() string { return fmt.Sprintf("%d.%d", r.chapter, r.number) }

func main() {
	root := flag.String("root", ".", "the sources")
	text := flag.String("text", "../shared/domain.md", "the text of the rules; it may be missing")
	flag.Parse()
	if err := run(os.Stdout, *root, *text); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes the list and gives what is wrong with it.
func run(out io.Writer, root, text string) error {
	if err := compare(text); err != nil {
		return err
	}
	tests, err := read(root)
	if err != nil {
		return err
	}
	var missing []string
	for _, c := range wanted {
		for _, r := range c.each() {
			naming := slices.Sorted(maps.Keys(tests[r]))
			if len(naming) == 0 {
				missing = append(missing, r.String())
			}
			if _, err := fmt.Fprintf(out, "%s\n", strings.Join(append([]string{r.String()}, naming...), "\n\t")); err != nil {
				return err
			}
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("no test names the rules %s", strings.Join(missing, ", "))
	}
	return nil
}

var (
	ruleLine = regexp.MustCompile(`^(\d+)\.(\d+) `)
	// later marks a rule, before its first sentence is over, that is decided and not built.
	later = regexp.MustCompile(`^[^.:]*\[next\]`)
)

// compare holds the list against the text of the rules.
func compare(path string) error {
	text, err := os.ReadFile(filepath.Clean(path))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	var there, listed []string
	for line := range strings.Lines(string(text)) {
		m := ruleLine.FindStringSubmatch(line)
		of := func(c chapter) bool { return m != nil && fmt.Sprint(c.number) == m[1] }
		if slices.ContainsFunc(wanted, of) && !later.MatchString(line[len(m[0]):]) {
			there = append(there, m[1]+"."+m[2])
		}
	}
	for _, c := range wanted {
		for _, r := range c.each() {
			listed = append(listed, r.String())
		}
	}
	if !slices.Equal(there, listed) {
		return fmt.Errorf("%s has the rules %v, and this program %v", path, there, listed)
	}
	return nil
}
