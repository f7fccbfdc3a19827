// Package chat turns messages into the prompt that a chat model was trained with, by
// the template in its file: a program in a subset of the Jinja language.
//
// The subset is what templates of models use: text, {{ expressions }}, {# comments #},
// {% for, if, elif, else, set, break, continue %}, whitespace control, namespace,
// filters, tests and methods of strings and dicts. What is not there is refused by
// name when the template is parsed, not when it is run. As Hugging Face transformers
// runs them, the first newline after a block and the blanks before it are removed.
//
//	lex.go     template -> text and tokens
//	parse.go   tokens -> statements; expr.go, primary.go: expressions
//	eval.go    statements -> text; operate.go, value.go, call.go, filter.go: what values can do
//	text.go    strings that know which of their bytes are the template's own
//
// # Whose text it is
//
// A model's control tokens ("<|im_start|>") are written as text by templates, and a
// message may hold the same text. So every string here knows, byte for byte, what came
// from the template and what from the messages, through all operations; Prompt.Trusted
// tells the tokenizer.
//
// # Bounds
//
// Template and messages are hostile. The size of a template, its depth, the steps it
// may take, which count bytes that are copied too, and the size of the prompt are
// bounded by the Max constants. It can reach nothing but what it is given.
//
// Source: Jinja 3.1, "Template Designer Documentation"; transformers, "Chat templates".
package chat

// Limits. Known templates have up to 20 KB.
const (
	MaxTemplate = 128 << 10 // bytes
	MaxDepth    = 64        // statements and parentheses inside each other
	MaxSteps    = 1 << 20   // of one Render; copying 64 bytes is one
	MaxPrompt   = 1 << 20   // bytes
)
