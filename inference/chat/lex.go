package chat

import (
	"fmt"
	"strings"
)

// tokenKind is what a token is.
type tokenKind uint8

const (
	tokText   tokenKind = iota // between tags
	tokOpen                    // {{ or {%
	tokClose                   // }} or %}
	tokName                    // also keywords
	tokString                  // text is its value
	tokNumber
	tokSign // an operator or bracket
	tokEnd
)

type token struct {
	kind tokenKind
	text string
	line int
}

func (t token) String() string {
	if t.kind == tokEnd {
		return "the end"
	}
	return fmt.Sprintf("%q", t.text)
}

// lexer takes a template apart.
type lexer struct {
	src    string
	pos    int
	line   int // of pos
	tokens []token
}

// lex returns the tokens of a template, the last of kind tokEnd.
func lex(src string) ([]token, error) {
	src = strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\r", "\n")
	l := &lexer{src: strings.TrimSuffix(src, "\n"), line: 1}
	fresh := true // at the start of a line
	strip := false
	for l.pos < len(l.src) {
		n := l.nextTag()
		body := l.src[l.pos:n]
		kept := body
		if strip {
			kept = strings.TrimLeftFunc(kept, isSpace)
		}
		tag := l.src[n:min(n+2, len(l.src))]
		if n < len(l.src) {
			switch sign := l.at(n + 2); {
			case sign == '-':
				kept = strings.TrimRightFunc(kept, isSpace)
			case tag != "{{" && sign != '+':
				// lstrip_blocks: only blanks between the start of the line and the block
				if at := strings.LastIndexByte(kept, '\n') + 1; (at > 0 || fresh) && strings.TrimFunc(kept[at:], isSpace) == "" {
					kept = kept[:at]
				}
			}
		}
		if kept != "" {
			l.tokens = append(l.tokens, token{tokText, kept, l.line})
		}
		l.advance(n)
		if n == len(l.src) {
			break
		}
		var err error
		if strip, fresh, err = l.tag(tag); err != nil {
			return nil, err
		}
	}
	return append(l.tokens, token{tokEnd, "", l.line}), nil
}

func (l *lexer) at(i int) byte {
	if i < len(l.src) {
		return l.src[i]
	}
	return 0
}

// advance moves to n and counts lines.
func (l *lexer) advance(n int) {
	l.line += strings.Count(l.src[l.pos:n], "\n")
	l.pos = n
}

// nextTag returns where the next tag starts, or the end.
func (l *lexer) nextTag() int {
	for i := l.pos; i+1 < len(l.src); i++ {
		if c := l.src[i+1]; l.src[i] == '{' && (c == '{' || c == '%' || c == '#') {
			return i
		}
	}
	return len(l.src)
}

// tag reads a tag. strip says that it takes the white space after it away, fresh that
// a newline was the last thing read.
func (l *lexer) tag(open string) (strip, fresh bool, err error) {
	l.advance(l.pos + 2)
	if open == "{#" {
		n := strings.Index(l.src[l.pos:], "#}")
		if n < 0 {
			return false, false, l.errorf("comment without end")
		}
		strip = n > 0 && l.src[l.pos+n-1] == '-'
		l.advance(l.pos + n + 2)
		return strip, l.trimLine(strip), nil
	}
	if c := l.at(l.pos); c == '-' || c == '+' {
		l.advance(l.pos + 1)
	}
	l.tokens = append(l.tokens, token{tokOpen, open, l.line})
	stop := "%}"
	if open == "{{" {
		stop = "}}"
	}
	depth := 0 // of brackets: "}}" may end a dict
	for {
		for isSpace(rune(l.at(l.pos))) && l.pos < len(l.src) {
			l.advance(l.pos + 1)
		}
		rest := l.src[l.pos:]
		if rest == "" {
			return false, false, l.errorf("%s without end", open)
		}
		if depth == 0 && (strings.HasPrefix(rest, stop) || len(rest) > 1 && (rest[0] == '-' || rest[0] == '+') && strings.HasPrefix(rest[1:], stop)) {
			strip = rest[0] == '-'
			keep := rest[0] == '+'
			l.tokens = append(l.tokens, token{tokClose, stop, l.line})
			l.advance(l.pos + strings.Index(rest, stop) + 2)
			if stop == "%}" && !keep {
				return strip, l.trimLine(strip), nil
			}
			return strip, false, nil
		}
		t, n, err := l.token(rest)
		if err != nil {
			return false, false, err
		}
		switch t.text {
		case "(", "[", "{":
			if t.kind == tokSign {
				depth++
			}
		case ")", "]", "}":
			if t.kind == tokSign {
				depth--
			}
		}
		l.tokens = append(l.tokens, t)
		l.advance(l.pos + n)
	}
}

// trimLine takes the newline after a block away (trim_blocks).
func (l *lexer) trimLine(strip bool) bool {
	if !strip && l.at(l.pos) == '\n' {
		l.advance(l.pos + 1)
		return true
	}
	return false
}

// signs is all operators and brackets, longer ones first.
var signs = [...]string{"//", "**", "==", "!=", "<=", ">=", "(", ")", "[", "]", "{", "}", ",", ":", ".", "|", "~", "+", "-", "*", "/", "%", "<", ">", "="}

// token reads one token at the start of s, which is not empty.
func (l *lexer) token(s string) (token, int, error) {
	c := s[0]
	switch {
	case c == '\'' || c == '"':
		return l.quoted(s)
	case isDigit(c):
		n := 1
		for n < len(s) && (isDigit(s[n]) || s[n] == '_' || s[n] == '.' && n+1 < len(s) && isDigit(s[n+1])) {
			n++
		}
		return token{tokNumber, s[:n], l.line}, n, nil
	case isLetter(c):
		n := 1
		for n < len(s) && (isLetter(s[n]) || isDigit(s[n])) {
			n++
		}
		return token{tokName, s[:n], l.line}, n, nil
	}
	for _, sign := range signs {
		if strings.HasPrefix(s, sign) {
			return token{tokSign, sign, l.line}, len(sign), nil
		}
	}
	return token{}, 0, l.errorf("unexpected %q", s[:1])
}

// quoted reads a string. It knows Python's escapes of one letter.
func (l *lexer) quoted(s string) (token, int, error) {
	var b []byte
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == s[0]:
			return token{tokString, string(b), l.line}, i + 1, nil
		case c == '\\' && i+1 < len(s):
			i++
			if n := strings.IndexByte(`ntr\'"`, s[i]); n >= 0 {
				b = append(b, "\n\t\r\\'\""[n])
			} else if s[i] == 'u' || s[i] == 'x' || s[i] == 'U' || s[i] == 'N' || isDigit(s[i]) {
				return token{}, 0, l.errorf(`escape \%c is not supported`, s[i])
			} else if s[i] != '\n' {
				b = append(b, '\\', s[i])
			}
		default:
			b = append(b, c)
		}
	}
	return token{}, 0, l.errorf("string without end")
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }

func (l *lexer) errorf(format string, args ...any) error {
	return fmt.Errorf("chat: template line %d: %s", l.line, fmt.Sprintf(format, args...))
}
