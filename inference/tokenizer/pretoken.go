package tokenizer

import (
	"unicode"
	"unicode/utf8"
)

// splitter finds the end of the first word of text, which is not empty. The words
// are what byte BPE merges within, and the splitter is the one a model was trained
// with: another gives tokens that are legal but strange to the model.
//
// The published definitions are regular expressions; the scanners here are those by
// hand: alternatives in order, each as long as it can be. In them \s is white space,
// \p{L} letters, \p{N} numbers. A byte that is not part of UTF-8 is none of these.
type splitter func(text string) int

// splitters by the name in tokenizer.ggml.pre.
func splitterFor(pre string) splitter {
	switch pre {
	case "gpt-2":
		return splitGPT2
	case "smollm":
		return splitSmolLM
	case "llama-bpe", "llama3", "llama-v3":
		return splitLlama3
	case "qwen2", "deepseek-r1-qwen":
		return splitQwen2
	}
	return nil
}

// class is what kind of character it is.
type class uint8

const (
	other class = iota
	letter
	number
	white
	newline // \r and \n, which are white as well
	end     // of the text
)

// classAt returns the class of the character at text[i:] and its size in bytes.
func classAt(text string, i int) (class, int) {
	if i >= len(text) {
		return end, 0
	}
	if c := text[i]; c < utf8.RuneSelf {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z':
			return letter, 1
		case '0' <= c && c <= '9':
			return number, 1
		case c == '\n' || c == '\r':
			return newline, 1
		case c == ' ' || '\t' <= c && c <= '\r':
			return white, 1
		}
		return other, 1
	}
	r, n := utf8.DecodeRuneInString(text[i:])
	switch {
	case n == 1: // not UTF-8
	case unicode.IsLetter(r):
		return letter, n
	case unicode.IsNumber(r):
		return number, n
	case unicode.IsSpace(r):
		return white, n
	}
	return other, n
}

func (c class) isWhite() bool { return c == white || c == newline }

// run returns the end of the characters of class c from i on.
func run(text string, i int, c class) int {
	for {
		k, n := classAt(text, i)
		if k != c {
			return i
		}
		i += n
	}
}

// spaces returns the end of the white space from i on, the start of its last
// character, and the end of its last newline, i if it has none.
func spaces(text string, i int) (stop, last, line int) {
	stop, last, line = i, i, i
	for {
		k, n := classAt(text, stop)
		if !k.isWhite() {
			return stop, last, line
		}
		last, stop = stop, stop+n
		if k == newline {
			line = stop
		}
	}
}

// contraction returns the end of 's, 't, 're, 've, 'm, 'll or 'd at the start of
// text, 0 if there is none. With fold, capital letters count as well.
func contraction(text string, fold bool) int {
	if len(text) < 2 || text[0] != '\'' {
		return 0
	}
	low := func(i int) byte {
		if i >= len(text) {
			return 0
		}
		if c := text[i]; fold && 'A' <= c && c <= 'Z' {
			return c | 0x20
		}
		return text[i]
	}
	switch a, b := low(1), low(2); {
	case a == 's' || a == 't' || a == 'm' || a == 'd':
		return 2
	case (a == 'r' || a == 'v') && b == 'e' || a == 'l' && b == 'l':
		return 3
	case fold && a == 0xC5 && b == 0xBF: // U+017F, which folds to s
		return 3
	}
	return 0
}

// splitGPT2 is
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// Source: OpenAI GPT-2, encoder.py.
func splitGPT2(text string) int {
	if n := contraction(text, false); n > 0 {
		return n
	}
	i := 0
	if text[0] == ' ' {
		i = 1
	}
	switch c, n := classAt(text, i); c {
	case letter, number, other:
		return run(text, i+n, c)
	}
	return trailing(text)
}

// trailing is \s+(?!\S)|\s+ : white space, without its last character if a word
// follows that it can belong to.
func trailing(text string) int {
	stop, last, _ := spaces(text, 0)
	if stop < len(text) && last > 0 {
		return last
	}
	return stop
}

// splitSmolLM cuts numbers into single digits and what is between as GPT-2 does,
// each stretch by itself.
//
// Source: the tokenizer of SmolLM (pre-tokenizers Digits, ByteLevel).
func splitSmolLM(text string) int {
	c, n := classAt(text, 0)
	if c == number {
		return n
	}
	// GPT-2's word does not go beyond a number but for " ?\p{N}+" and for white space,
	// which looks at what follows: there the stretch ends.
	if c == white || c == newline {
		stop, last, _ := spaces(text, 0)
		if k, _ := classAt(text, stop); k == number {
			return stop
		}
		if last > 0 && stop < len(text) {
			return last
		}
		if text[0] != ' ' {
			return stop
		}
	}
	return splitGPT2(text)
}

// splitLlama3 is
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
//
// Source: Meta Llama 3, tokenizer.py.
func splitLlama3(text string) int { return splitModern(text, 3) }

// splitQwen2 is the same with \p{N} in place of \p{N}{1,3}.
//
// Source: the tokenizer of Qwen2.
func splitQwen2(text string) int { return splitModern(text, 1) }

func splitModern(text string, digits int) int {
	if n := contraction(text, true); n > 0 {
		return n
	}
	c, n := classAt(text, 0)
	switch c {
	case letter:
		return run(text, n, letter)
	case number:
		for ; digits > 1; digits-- {
			k, m := classAt(text, n)
			if k != number {
				break
			}
			n += m
		}
		return n
	case other, white:
		if k, m := classAt(text, n); k == letter {
			return run(text, n+m, letter)
		}
	}
	i := 0
	if text[0] == ' ' {
		i = 1
	}
	if k, m := classAt(text, i); k == other {
		return run(text, run(text, i+m, other), newline)
	}
	if _, _, line := spaces(text, 0); line > 0 {
		return line // \s*[\r\n]+ takes all white space up to the last newline
	}
	return trailing(text)
}
