// Package cmdline splits the kernel command line into the arguments and the
// environment of the program, and finds the words that are meant for the kernel.
//
//	-test.v selftest=fast GREETING="good day" ready=1026
//
// Words are separated by spaces, tabs and newlines. Double quotes keep them
// together and are dropped. A word that starts with '-' is an argument, another
// that contains '=' (after at least one letter) is a variable; other words are
// ignored, as are those past the limits, and counted. Variables that the kernel
// knows reach the program as well.
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

// Parse makes l the command line in src.
func (l *Line) Parse(src Source) {}

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
func (l *Line) Lookup(key string) (value []byte, ok bool) { return nil, false }
