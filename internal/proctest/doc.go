// Package proctest tests the program as it is run: the binary, started and stopped and killed, spoken to over its
// standard streams and over HTTP.
package proctest
