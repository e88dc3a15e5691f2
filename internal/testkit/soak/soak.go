// Package soak says how much a test does: little in `make test`, all that was promised in `make soak`.
package soak

import "os"

// Count is full with APPANAGE_SOAK=1 in the environment, else few.
func Count(few, full int) int {
	if os.Getenv("APPANAGE_SOAK") == "1" {
		return full
	}
	return few
}
