//go:build !race

package sweep

// underRace tells whether the race detector watches, which makes everything ten times as slow. Then a few principals
// visit the whole SDL once.
const underRace = false
