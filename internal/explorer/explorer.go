// Package explorer serves the GraphiQL page, built from web/ and embedded, and its example queries. The page asks no
// other host for anything and runs under a Content-Security-Policy without exceptions for inline code or styles.
package explorer

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
)

// The build may name a chunk with a leading underscore, which embed leaves out without "all:".
//
//go:embed all:dist
var dist embed.FS

//go:embed examples/*.graphql
var exampleFiles embed.FS

// GraphiQL's style sheet draws a few icons from data: URLs. Its menus and dialogs need no 'unsafe-inline' because
// web/src/style-singleton.js replaces the one library that adds style elements.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

var headers = map[string]string{
	"Content-Security-Policy": contentSecurityPolicy,
	"Permissions-Policy":      "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
	"Referrer-Policy":         "no-referrer",
	"X-Content-Type-Options":  "nosniff",
	"X-Frame-Options":         "DENY",
}

// Handler serves the page at /, its assets under /explorer/assets/ and the examples at /explorer/examples.json. It is
// meant to be mounted at /, behind everything else: whatever it does not know is 404.
func Handler() http.Handler {
	list, err := json.Marshal(examples)
	if err != nil {
		panic(err) // strings only
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeFileFS(w, r, dist, "dist/index.html")
	})
	mux.HandleFunc("GET /explorer/assets/{name}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		http.ServeFileFS(w, r, dist, "dist/assets/"+r.PathValue("name")) //nolint:gosec // an embedded file system has nothing outside it
	})
	mux.HandleFunc("GET /explorer/examples.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(list)
	})

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		mux.ServeHTTP(w, r)
	})
}

// Example is a query the page offers, ready to run.
type Example struct {
	Name  string `json:"name"`
	Query string `json:"query"`
	// Variables is a JSON object, or empty when the query takes none.
	Variables string `json:"variables"`
}

var examples = mustLoad(exampleFiles)

// Examples lists the examples in the order of their file names. The documentation and the tests run all of them.
func Examples() []Example {
	return examples
}

func mustLoad(files fs.FS) []Example {
	names, err := fs.Glob(files, "examples/*.graphql")
	if err != nil {
		panic(err)
	}
	list := make([]Example, 0, len(names))
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err)
		}
		example, err := parse(string(text))
		if err != nil {
			panic(fmt.Sprintf("explorer: %s: %v", name, err))
		}
		list = append(list, example)
	}
	return list
}

// parse reads one example: a first line "# Title", then comments, of which "# variables: {...}" is taken out, then the
// query.
func parse(text string) (Example, error) {
	title, rest, _ := strings.Cut(text, "\n")
	name, ok := strings.CutPrefix(title, "# ")
	if !ok {
		return Example{}, fmt.Errorf("the first line is not a title: %q", title)
	}
	example := Example{Name: strings.TrimSpace(name)}
	var query strings.Builder
	for line := range strings.Lines(rest) {
		variables, ok := strings.CutPrefix(line, "# variables:")
		if !ok {
			query.WriteString(line)
			continue
		}
		example.Variables = strings.TrimSpace(variables)
		if err := json.Unmarshal([]byte(variables), &map[string]any{}); err != nil {
			return Example{}, fmt.Errorf("variables: %w", err)
		}
	}
	example.Query = strings.TrimSpace(query.String()) + "\n"
	return example, nil
}
