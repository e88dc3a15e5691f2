package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/appanage/appanage/graph/plan"
)

// request is one HTTP request, the same over loopback and straight to a handler.
type request struct {
	method, path string
	body         []byte
}

// scenario is one thing to do, asked of each target. Each goes through its requests again and again; the lists answer
// to one another.
type scenario struct {
	name     string
	as       caller
	kind     kind
	requests [targets][]request
}

type kind int

const (
	reads  kind = iota // all answer with the same data
	writes             // all leave an audit event for each request
	floor              // nothing but HTTP: what every other figure contains
)

// scenarios are what is measured.
func scenarios(w world, l lists) []scenario {
	first, late := callers.partner, callers.system
	return []scenario{
		httpAlone(),
		pointReads(w),
		reading("portfolio page", first, graphQL(portfolioPage, values{"first": 20}), get("/portfolio?first=20")),
		reading("three levels", first, graphQL(threeLevels, values{"id": first.client}), get("/clients/"+first.client)),
		reading("properties in force", w.deep(), graphQL(propertiesInForce, values{"first": 20}), get("/properties?first=20")),
		reading("four levels", first, graphQL(fourLevels, values{"first": 50}), get("/tree?first=50")),
		keyset("keyset page", first, ""),
		keyset("keyset page, large scope", callers.large, ""),
		keyset("keyset page, platform", late, ""),
		keyset("keyset page, 200th", late, l.after(w, 199*50)),
		propertyWrites(w),
		reading("introspection", first, graphQL(plan.IntrospectionQuery, nil), get("/schema")),
	}
}

// reading asks both executors the same, and the handler by hand for the same answer.
func reading(name string, as caller, hub, byHand request) scenario {
	return scenario{name: name, as: as, requests: [targets][]request{{hub}, {hub}, {byHand}}}
}

func httpAlone() scenario {
	health := []request{get("/healthz")}
	return scenario{name: "HTTP alone", as: callers.partner, kind: floor, requests: [targets][]request{health, health, health}}
}

// some are the applications that a scenario goes round.
func some(w world) []int {
	owned := w.owned(0)
	return owned[:min(50, len(owned))]
}

func pointReads(w world) scenario {
	s := scenario{name: "point read", as: callers.partner}
	for _, app := range some(w) {
		s.add(graphQL(pointRead, values{"id": applicationID(app)}), get("/applications/"+applicationID(app)))
	}
	return s
}

func (s *scenario) add(hub, byHand request) {
	for t, r := range [targets]request{hub, hub, byHand} {
		s.requests[t] = append(s.requests[t], r)
	}
}

func keyset(name string, as caller, after string) scenario {
	given, query := values{}, url.Values{"first": {"50"}}
	if after != "" {
		given["after"] = after
		query.Set("after", after)
	}
	return reading(name, as, graphQL(keysetPage, given), get("/applications?"+query.Encode()))
}

// propertyWrites goes twice over the applications, with two values: each request changes something, also where an
// earlier run has written.
func propertyWrites(w world) scenario {
	s, run := scenario{name: "property write", as: callers.partner, kind: writes}, time.Now().Unix()
	for round := range 2 {
		for i, app := range some(w) {
			input := func(t int) values {
				return values{
					"applicationId": applicationID(app), "clientId": clientID(w.owner(app)),
					"properties": []values{{"name": propertyName(i % properties), "value": fmt.Sprintf("%s %d %d", names[t], run, round)}},
				}
			}
			for t := range targets {
				r := graphQL(propertyWrite, values{"input": input(t)})
				if t == byHandTarget {
					r = request{http.MethodPost, "/properties", encoded(input(t))}
				}
				s.requests[t] = append(s.requests[t], r)
			}
		}
	}
	return s
}

// values are variables, or an input object.
type values = map[string]any

func get(path string) request { return request{method: http.MethodGet, path: path} }

func graphQL(document string, variables values) request {
	return request{http.MethodPost, "/graphql", encoded(values{"query": document, "variables": variables})}
}

func encoded(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers and maps of them
	}
	return raw
}
