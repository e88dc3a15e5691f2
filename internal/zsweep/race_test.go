//go:build race

package sweep

const underRace = true
