package definition

import "strings"

// rows is a statement that inserts n rows, of the values of one.
func rows(into, values string, n int) string {
	return into + values + strings.Repeat(", "+values, n-1)
}
