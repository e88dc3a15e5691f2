//go:build ignore

// Entc generates the entities' code from ent/schema. Run it from the module root: go generate ./ent
package main

import (
	"log"

	"entgo.io/ent/entc"
	"entgo.io/ent/entc/gen"

	"github.com/appanage/appanage/graph/plan/generate"
)

func main() {
	err := entc.Generate("./ent/schema", &gen.Config{
		Target:  "./ent",
		Package: "github.com/appanage/appanage/ent",
		// No FeatureUpsert: an upsert can change a row that passed no lock. No FeatureExecQuery: it knows no scope.
		Features: []gen.Feature{
			gen.FeatureIntercept,
			gen.FeatureLock,
			gen.FeatureVersionedMigration,
		},
	}, entc.Extensions(generate.Extension{File: "./graph/plan/entities_gen.go"}))
	if err != nil {
		log.Fatal(err)
	}
}
