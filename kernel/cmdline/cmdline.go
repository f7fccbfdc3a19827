// Package cmdline splits the kernel command line into the arguments and the
// environment of the program, and finds the words that are meant for the kernel.
//
//	-test.v selftest=fast GREETING="good day" ready=1026
//
// Words are separated by spaces and control characters. Double quotes keep them
// together and are dropped; one that is not closed reaches to the end. A word that
// starts with '-' is an argument; another that contains '=', not as its first
// character, is a variable. Other words are ignored, as are those past the limits,
// and counted. Variables that the kernel knows reach the program as well.
//
// The text comes from the VMM: it is copied once, up to a limit, whatever it
// holds. It is parsed right after the start information.
package cmdline

// Limits.
const (
	MaxSize = 4096 // bytes of text, as Linux takes on x86
	MaxArgs = 64
	MaxVars = 64
)

// Source is the text where the VMM put it.
type Source interface {
	// Byte returns byte i; 0 is the end of the text. i ascends by one from 0.
	Byte(i int) byte
}

// Line is the command line, taken apart. The zero value is an empty one. It is
// 4.5 KiB: a global, not a local variable.
type Line struct {
	text [MaxSize + 1]byte // words, unquoted, each with a NUL behind it
	size int
	args [MaxArgs]word
	vars [MaxVars]word

	argCount, varCount int
	ignored            int
	truncated          bool
}

// word is text[start:start+size].
type word struct{ start, size uint16 }

// Parse makes l the command line in src. A last word that MaxSize cuts off is
// dropped: half a number is worse than none.
func (l *Line) Parse(src Source) {
	l.size, l.argCount, l.varCount, l.ignored, l.truncated = 0, 0, 0, 0, false
	start, quoted := 0, false
	for i := 0; ; i++ {
		c := src.Byte(i)
		switch {
		case c == 0:
			l.add(start)
			return
		case i == MaxSize:
			l.truncated = true
			if !quoted && c <= ' ' {
				l.add(start)
				return
			}
			l.drop(start)
			return
		case c == '"':
			quoted = !quoted
		case c <= ' ' && !quoted:
			l.add(start)
			start = l.size
		default:
			l.text[l.size] = c
			l.size++
		}
	}
}

// add takes text[start:size] as a word, if there is one, or drops it.
func (l *Line) add(start int) {
	w := word{uint16(start), uint16(l.size - start)}
	switch {
	case w.size == 0:
		return
	case l.text[start] == '-' && l.argCount < MaxArgs:
		l.args[l.argCount] = w
		l.argCount++
	case l.text[start] != '-' && l.keySize(w) > 0 && l.varCount < MaxVars:
		l.vars[l.varCount] = w
		l.varCount++
	default:
		l.drop(start)
		return
	}
	l.text[l.size] = 0
	l.size++
}

// drop ignores text[start:size], if there is anything.
func (l *Line) drop(start int) {
	if l.size > start {
		l.ignored++
	}
	l.size = start
}

// keySize returns the length of w before its first '=', and 0 if it has none.
func (l *Line) keySize(w word) int {
	for i := range int(w.size) {
		if l.text[int(w.start)+i] == '=' {
			return i
		}
	}
	return 0
}

// Args returns the number of arguments, program name not included.
func (l *Line) Args() int { return l.argCount }

// Arg returns the offset and length of argument i < Args() in Text. A NUL follows it.
func (l *Line) Arg(i int) (start, size int) { return int(l.args[i].start), int(l.args[i].size) }

// Vars returns the number of variables.
func (l *Line) Vars() int { return l.varCount }

// Var returns the offset and length of variable i < Vars(), as key=value, in Text.
// A NUL follows it.
func (l *Line) Var(i int) (start, size int) { return int(l.vars[i].start), int(l.vars[i].size) }

// Text returns the words' bytes. They stay where they are as long as l does, so
// the kernel can point argv and envp at them.
func (l *Line) Text() []byte { return l.text[:l.size] }

// Ignored returns how many words were neither argument nor variable or were past
// a limit.
func (l *Line) Ignored() int { return l.ignored }

// Truncated reports whether the text was longer than MaxSize.
func (l *Line) Truncated() bool { return l.truncated }

// Lookup returns the value of the last variable called key.
func (l *Line) Lookup(key string) (value []byte, ok bool) {
	for i := l.varCount - 1; i >= 0; i-- {
		if value, ok := l.value(i, key); ok {
			return value, true
		}
	}
	return nil, false
}

// value returns the value of variable i if that is called key.
func (l *Line) value(i int, key string) ([]byte, bool) {
	w := l.vars[i]
	if l.keySize(w) != len(key) {
		return nil, false
	}
	text := l.text[w.start : w.start+w.size]
	if !equal(text[:len(key)], key) {
		return nil, false
	}
	return text[len(key)+1:], true
}

// equal reports whether b is s.
func equal(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i, c := range b {
		if c != s[i] {
			return false
		}
	}
	return true
}
