package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every rule that is built has a test that names it.
func TestEveryRuleHasATest(t *testing.T) {
	if err := run(io.Discard, "../../..", "../../../../shared/domain.md"); err != nil {
		t.Error(err)
	}
}

// What counts as naming a rule.
func TestRulesIn(t *testing.T) {
	for text, want := range map[string]string{
		"domain 5.3: who grants":                          "5.3",
		"domain 5.1, 5.3":                                 "5.1 5.3",
		"Attack (domain 3.4, and 3.5), and domain 8.1":    "3.4 3.5 8.1",
		"domain 4.1 to 4.3: what":                         "4.1 4.2 4.3",
		"domain 4.1–4.3, 5.1":                             "4.1 4.2 4.3 5.1",
		"domain 3.9 to 4.2":                               "3.9 4.2",
		"domain 5.1 and 5.3":                              "5.1 5.3",
		"wrapped after domain\n11.1":                      "11.1",
		"design 5.3, the chapter domain 5, subdomain 5.1": "",
		"takes 5.3 seconds":                               "",
	} {
		var got []string
		for _, r := range rulesIn(text) {
			got = append(got, r.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q names %v, not %s", text, got, want)
		}
	}
}

// Only tests name rules: in their names, above them and in them. A rule without one, a file that is no Go, and another
// list of rules than the text's are refused.
func TestRulesRefused(t *testing.T) {
	numbers := func(except ...string) string {
		var list []string
		for _, c := range wanted {
			for _, r := range c.each() {
				if !slices.Contains(except, r.String()) {
					list = append(list, "// domain "+r.String())
				}
			}
		}
		return strings.Join(list, "\n")
	}
	text := func(more string) string {
		return strings.ReplaceAll(numbers(), "// domain ", "") + " \n" + more
	}
	all := numbers("4.1", "4.2", "4.3")
	for name, c := range map[string]struct{ source, text, want string }{
		"all":              {"package x\n" + numbers() + "\nfunc TestX() {}", "", ""},
		"in it, in a name": {"package x\n" + all + "\nfunc TestDomain4_3() {\n // domain 4.1\n // domain 4.2\n}", "", ""},
		"one is missing":   {"package x\n" + numbers("6.4", "11.1") + "\nfunc TestX() {}", "", "no test names the rules 6.4, 11.1"},
		"above a helper":   {"package x\n" + numbers() + "\nfunc x() {}", "", "no test names the rules 4.1, "},
		"above nothing":    {"package x\n" + numbers() + "\n\nfunc TestX() {}", "", "no test names the rules 4.1, "},
		"no Go":            {"domain 4.1", "", "read "},
		"the same text":    {"package x\n" + numbers() + "\nfunc TestX() {}", strings.ReplaceAll(text("11.5 Later  [next]."), "\n", " words\n"), ""},
		"a rule more":      {"package x\n" + numbers() + "\nfunc TestX() {}", strings.ReplaceAll(text("11.5 Now. And [next]"), "\n", " words\n"), "has the rules"},
	} {
		root := t.TempDir()
		write := func(file, content string) string {
			path := filepath.Join(root, file)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		write("x_test.go", c.source)
		path := filepath.Join(root, "none.md")
		if c.text != "" {
			path = write("domain.md", c.text)
		}
		err := run(io.Discard, root, path)
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
