package main

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// request is one HTTP request, the same over loopback and straight to a handler.
type request struct {
	method, path string
	body         []byte
}

// scenario is one thing to do, asked of the hub and of the handler written by hand. Each goes through its requests
// again and again; the two lists answer to one another.
type scenario struct {
	name        string
	kind        kind
	hub, byHand []request
}

type kind int

const (
	reads  kind = iota // both answer with the same data
	writes             // both leave an audit event for each request
	floor              // nothing but HTTP: what every other figure contains
)

const pointRead = `query Application($id: ID!) {
  application(id: $id) { id code name type accessType status createdAt updatedAt version }
}`

const fourLevels = `query Portfolio($first: Int!) {
  applications(first: $first) {
    nodes {
      id code name
      client { id code name }
      urls(first: 5) { nodes { id origin status } }
      properties(first: 5) { nodes { id name value version } }
      packages(first: 5) { nodes { id code name
        roles(first: 5) { nodes { id name
          permissions(first: 5) { nodes { id authority } } } } } }
    }
    pageInfo { hasNextPage }
  }
}`

const propertyWrite = `mutation Set($input: ApplicationPropertiesSetInput!) {
  applicationPropertiesSet(input: $input) { properties { id name value version } errors { code message path } }
}`

// scenarios are what is measured.
func scenarios(w world) []scenario {
	return []scenario{httpAlone(), pointReads(w), portfolioPage(), propertyWrites(w)}
}

func httpAlone() scenario {
	health := []request{{method: http.MethodGet, path: "/healthz"}}
	return scenario{name: "HTTP alone", kind: floor, hub: health, byHand: health}
}

// some are the applications that a scenario goes round.
func some(w world) []int {
	mine := w.mine()
	return mine[:min(100, len(mine))]
}

func pointReads(w world) scenario {
	s := scenario{name: "point read"}
	for _, app := range some(w) {
		s.hub = append(s.hub, graphQL(pointRead, map[string]any{"id": applicationID(app)}))
		s.byHand = append(s.byHand, request{method: http.MethodGet, path: "/applications/" + applicationID(app)})
	}
	return s
}

func portfolioPage() scenario {
	return scenario{
		name:   "four levels",
		hub:    []request{graphQL(fourLevels, map[string]any{"first": 50})},
		byHand: []request{{method: http.MethodGet, path: "/portfolio?first=50"}},
	}
}

// propertyWrites goes twice over the applications, with two values: each request changes something.
func propertyWrites(w world) scenario {
	s := scenario{name: "property write", kind: writes}
	for round := range 2 {
		for i, app := range some(w) {
			input := func(who string) map[string]any {
				return map[string]any{
					"applicationId": applicationID(app), "clientId": clientID(w.owner(app)),
					"properties": []any{map[string]any{"name": propertyName(i % properties), "value": fmt.Sprintf("%s %d", who, round)}},
				}
			}
			s.hub = append(s.hub, graphQL(propertyWrite, map[string]any{"input": input("the hub")}))
			s.byHand = append(s.byHand, request{http.MethodPost, "/properties", encoded(input("by hand"))})
		}
	}
	return s
}

func graphQL(document string, variables map[string]any) request {
	return request{http.MethodPost, "/graphql", encoded(map[string]any{"query": document, "variables": variables})}
}

func encoded(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and maps of them
	}
	return raw
}
