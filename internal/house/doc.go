// Package house holds the tests that keep the whole house in shape: which package may import which, what the SDL
// must say, what the sources must not hold.
package house
