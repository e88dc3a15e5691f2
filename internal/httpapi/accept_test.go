package httpapi

import "testing"

func TestNegotiate(t *testing.T) {
	for accept, want := range map[string]media{
		"":                                  mediaJSON,
		"  ":                                mediaJSON,
		"*/*":                               mediaJSON,
		"application/*":                     mediaJSON,
		"application/json":                  mediaJSON,
		"APPLICATION/JSON":                  mediaJSON,
		"application/graphql-response+json": mediaResponse,
		"application/graphql-response+json, application/json":                                mediaResponse,
		"application/json, application/graphql-response+json":                                mediaResponse,
		"application/json, application/graphql-response+json;q=0.9":                          mediaJSON,
		"application/json;q=0.8, application/graphql-response+json;q=0.9":                    mediaResponse,
		"application/graphql-response+json; charset=utf-8, application/json; charset=utf-8":  mediaResponse,
		"application/graphql-response+json; charset=utf-16, application/json; charset=UTF-8": mediaJSON,
		"application/graphql-response+json, */*":                                             mediaResponse,
		"application/json, */*":                                                              mediaJSON,
		"application/json;q=0.5, */*;q=0.9":                                                  mediaResponse,
		"application/graphql-response+json;q=0, */*":                                         mediaJSON,
		"application/json;q=0, */*;q=0.1":                                                    mediaResponse,
		"application/json;q=0, application/*":                                                mediaResponse,
		"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8":         mediaJSON,
		"application/json;q=nonsense, application/graphql-response+json;q=0.1, text/plain":   mediaResponse,
		"application/graphql-response+json;q=0.000, application/json;q=0":                    "",
		"text/html":            "",
		"nonsense":             "",
		"*/*;q=0":              "",
		"*/*;q=NaN":            "",
		"application/json;q=2": "",
	} {
		got, ok := negotiate([]string{accept})
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", accept, got, ok, want)
		}
	}
	if got, _ := negotiate([]string{"text/html", "application/graphql-response+json"}); got != mediaResponse {
		t.Errorf("two headers: got %q", got)
	}
	if got, ok := negotiate(nil); !ok || got != mediaJSON {
		t.Errorf("no header: got %q", got)
	}
}
