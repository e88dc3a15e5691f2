package delta

import "github.com/go-json-experiment/json/jsontext"

// Append writes the value as compact JSON: strings as short as they can be said, numbers as they were written. A value
// that is not there writes nothing.
func (v Value) Append(dst []byte) []byte {
	switch v.kind {
	case Null:
		return append(dst, "null"...)
	case False:
		return append(dst, "false"...)
	case True:
		return append(dst, "true"...)
	case Number:
		return append(dst, v.text...)
	case String:
		return appendString(dst, v.text)
	case Array:
		dst = append(dst, '[')
		for i, item := range v.tree.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.Append(dst)
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		for i, m := range v.tree.members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, m.name), ':')
			dst = m.value.Append(dst)
		}
		return append(dst, '}')
	}
	return dst
}

// appendString writes a string, which is valid UTF-8 where Parse read it; of others the invalid bytes are replaced.
func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s)
	return dst
}

// String is the value as compact JSON.
func (v Value) String() string { return string(v.Append(nil)) }
