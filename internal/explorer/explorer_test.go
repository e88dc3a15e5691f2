package explorer

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func serve(t *testing.T, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
	return w
}

func TestPageAndItsAssets(t *testing.T) {
	page := serve(t, http.MethodGet, "/")
	if got := page.Header().Get("Cache-Control"); page.Code != http.StatusOK || got != "no-cache" {
		t.Fatalf("GET / = %d, Cache-Control %q", page.Code, got)
	}
	if regexp.MustCompile(`(?i)<style|<script>|\sstyle=|\son[a-z]+=|https?:`).Match(page.Body.Bytes()) {
		t.Errorf("the page has inline code, inline styles or the address of another host:\n%s", page.Body)
	}

	assets := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page.Body.String(), -1)
	if len(assets) < 3 {
		t.Fatalf("found %d assets, want script, style sheet and icon at least", len(assets))
	}
	for _, asset := range assets {
		w := serve(t, http.MethodGet, asset[1])
		if got := w.Header().Get("Cache-Control"); w.Code != http.StatusOK || !strings.Contains(got, "immutable") {
			t.Errorf("GET %s = %d, Cache-Control %q", asset[1], w.Code, got)
		}
	}
}

func TestSecurityHeadersEverywhere(t *testing.T) {
	for _, path := range []string{"/", "/explorer/examples.json", "/explorer/assets/none.js", "/none"} {
		got := serve(t, http.MethodGet, path).Header()
		for name, want := range headers {
			if got.Get(name) != want {
				t.Errorf("GET %s: %s is %q, want %q", path, name, got.Get(name), want)
			}
		}
	}
	if strings.Contains(contentSecurityPolicy, "unsafe") {
		t.Errorf("the policy has an unsafe source: %s", contentSecurityPolicy)
	}
}

func TestStatus(t *testing.T) {
	for _, test := range []struct {
		method, path string
		want         int
	}{
		{http.MethodHead, "/", http.StatusOK},
		{http.MethodHead, "/explorer/examples.json", http.StatusOK},
		{http.MethodPost, "/", http.StatusMethodNotAllowed},
		{http.MethodDelete, "/explorer/examples.json", http.StatusMethodNotAllowed},
		{http.MethodGet, "/none", http.StatusNotFound},
		{http.MethodGet, "/explorer/", http.StatusNotFound},
		{http.MethodGet, "/explorer/licenses.md", http.StatusNotFound},
		{http.MethodGet, "/explorer/assets", http.StatusNotFound},
		{http.MethodGet, "/explorer/assets/", http.StatusNotFound},
		{http.MethodGet, "/explorer/assets/%2e%2e%2findex.html", http.StatusBadRequest},
	} {
		w := serve(t, test.method, test.path)
		if w.Code != test.want {
			t.Errorf("%s %s = %d, want %d", test.method, test.path, w.Code, test.want)
		}
		if w.Code != http.StatusOK && w.Header().Get("Cache-Control") != "" {
			t.Errorf("%s %s: the error may be cached", test.method, test.path)
		}
	}
}

func TestExamples(t *testing.T) {
	var served []Example
	if err := json.Unmarshal(serve(t, http.MethodGet, "/explorer/examples.json").Body.Bytes(), &served); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Examples(), served); diff != "" {
		t.Errorf("served examples (-want +got):\n%s", diff)
	}
	seen := map[string]bool{}
	for _, example := range Examples() {
		if example.Name == "" || example.Query == "\n" || seen[example.Name] {
			t.Errorf("example without a name of its own or without a query: %+v", example)
		}
		seen[example.Name] = true
	}
}

func TestParse(t *testing.T) {
	got, err := parse("# One application\n# By its id.\n# variables: {\"id\": \"app_1\"}\nquery One($id: ID!) { node(id: $id) { id } }\n")
	want := Example{
		Name:      "One application",
		Query:     "# By its id.\nquery One($id: ID!) { node(id: $id) { id } }\n",
		Variables: `{"id": "app_1"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
	for _, text := range []string{"", "query Q { a }", "# T\n# variables: {oops}\n{ a }", "# T\n# variables: []\n{ a }"} {
		if got, err := parse(text); err == nil {
			t.Errorf("parse(%q) = %+v, want an error", text, got)
		}
	}
}
