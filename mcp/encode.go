package mcp

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"
)

// appendString appends s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD, so that what we send is always valid.
func appendString[S string | []byte](dst []byte, s S) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; ; {
		if i = skipASCII(s, i); i >= len(s) {
			break
		}
		x := s[i]
		if x < utf8.RuneSelf {
			dst = append(dst, s[from:i]...)
			switch x {
			case '"', '\\':
				dst = append(dst, '\\', x)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = append(dst, '\\', 'u', '0', '0', hex[x>>4], hex[x&15])
			}
			i++
			from = i
			continue
		}
		r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, s[from:i]...)
			dst = append(dst, "\ufffd"...)
			i++
			from = i
			continue
		}
		i += size
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

// appendMember appends ,"name":"value", or nothing if value is empty.
func appendMember(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	dst = append(dst, '"', ':')
	return appendString(dst, value)
}

// appendNumber appends f, which must be finite, whole numbers without exponent.
func appendNumber(dst []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.AppendInt(dst, int64(f), 10)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, 64)
}

// unquote returns the text of a checked JSON string, given with its quotes.
func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		var s string
		_ = json.Unmarshal(quoted, &s) // cannot fail: check has passed it
		return s
	}
	return string(quoted[1 : len(quoted)-1])
}

// isString and isObject tell the kind of a checked value by its first byte.
func isString(v []byte) bool { return len(v) > 0 && v[0] == '"' }
func isObject(v []byte) bool { return len(v) > 0 && v[0] == '{' }

// clip shortens what a client sent for use in a message to it.
func clip[S string | []byte](s S) string {
	const most = 80
	if len(s) <= most {
		return string(s)
	}
	return string(s[:most]) + "..."
}
