package plan

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// errNull is NULL in a column that promises a value.
var errNull = errors.New("plan: NULL in a column that promises a value")

// appendValue writes the value of a column as the reference executor writes it, byte for byte.
func appendValue(out []byte, v driver.Value, c *Column) ([]byte, error) {
	if c.Encoding == Present {
		return strconv.AppendBool(out, v != nil), nil
	}
	if v == nil {
		if c.Nullable {
			return append(out, "null"...), nil
		}
		return out, errNull
	}
	switch c.Encoding {
	case Raw:
		switch v := v.(type) {
		case string:
			return append(out, v...), nil
		case []byte:
			return append(out, v...), nil
		}
	case Text:
		switch v := v.(type) {
		case string:
			return appendString(out, v), nil
		case []byte:
			return appendString(out, v), nil
		}
	case Integer:
		if n, ok := v.(int64); ok {
			return strconv.AppendInt(out, n, 10), nil
		}
		if b, ok := v.([]byte); ok {
			return append(out, b...), nil
		}
	case Boolean:
		switch v := v.(type) {
		case bool:
			return strconv.AppendBool(out, v), nil
		case int64:
			return strconv.AppendBool(out, v != 0), nil
		}
	case Instant:
		if t, ok := v.(time.Time); ok {
			return appendInstant(out, t), nil
		}
	}
	return out, fmt.Errorf("plan: a %T in column %s", v, c.Name)
}

// plain has the bytes that a JSON string holds as they are. gqlgen escapes no more than JSON asks for, and what is
// no UTF-8 it passes on.
var plain = func() (t [256]bool) {
	for c := 0x20; c < len(t); c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

const hex = "0123456789ABCDEF"

// appendString writes a JSON string.
func appendString[T string | []byte](out []byte, s T) []byte {
	out = append(out, '"')
	done := 0
	for i := range len(s) {
		c := s[i]
		if plain[c] {
			continue
		}
		out = append(out, s[done:i]...)
		done = i + 1
		switch c {
		case '\t':
			out = append(out, `\t`...)
		case '\r':
			out = append(out, `\r`...)
		case '\n':
			out = append(out, `\n`...)
		case '"', '\\':
			out = append(out, '\\', c)
		default:
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(out, s[done:]...), '"')
}

// appendStrings writes a JSON array of strings.
func appendStrings(out []byte, list []string) []byte {
	out = append(out, '[')
	for i, s := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendString(out, s)
	}
	return append(out, ']')
}

// appendInstant writes a DateTime: always six decimals.
func appendInstant(out []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(out, `"2006-01-02T15:04:05.000000Z"`)
	}
	hour, minute, second := t.Clock()
	out = append(out, '"')
	out = appendDigits(out, year, 4)
	out = appendDigits(append(out, '-'), int(month), 2)
	out = appendDigits(append(out, '-'), day, 2)
	out = appendDigits(append(out, 'T'), hour, 2)
	out = appendDigits(append(out, ':'), minute, 2)
	out = appendDigits(append(out, ':'), second, 2)
	out = appendDigits(append(out, '.'), t.Nanosecond()/1000, 6)
	return append(out, 'Z', '"')
}

// appendDigits writes a number with leading zeros.
func appendDigits(out []byte, n, digits int) []byte {
	var b [6]byte
	for i := digits - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return append(out, b[:digits]...)
}
