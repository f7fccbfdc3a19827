// Package tokenizer turns text into token numbers and back, from the vocabulary in
// a GGUF file. There are two families, and tokenizer.ggml.model says which: "llama" is
// SentencePiece's BPE, "gpt2" is byte BPE.
//
// # Encoding, SentencePiece
//
//	"two  spaces"  ->  "▁two▁▁spaces"       a space becomes U+2581, one is put in front
//	               ->  ▁ t w o ▁ ▁ s p ...  one symbol per character
//	               ->  ▁two ▁ ▁spaces       merge the neighbours whose union has the
//	                                        highest score, leftmost first, until none is left
//	               ->  426 962 558 ...      a symbol without a number becomes its bytes,
//	                                        each a token <0x00>..<0xFF>, or "unknown"
//
// Empty text has no tokens. Only pieces of kind normal and user-defined come
// out of text: "<s>" and "<0x0A>" in a prompt are ordinary characters, so text
// from a caller cannot forge control tokens. A byte that is not part of valid
// UTF-8 is a symbol of its own.
//
// # Encoding, byte BPE
//
//	"two  spaces"  ->  "two" " " " spaces"   words, as the model's splitter cuts them (pretoken.go);
//	                                         for Qwen text is made normalization form C before
//	               ->  ␣ s p a c e s         one symbol per byte of a word
//	               ->  ␣spaces               merge the neighbours that are first in the list
//	                                         of merges, leftmost first, until none is left
//
// A chat template's text is encoded by EncodeTemplate: where the text is the
// template's own, control tokens are tokens (special.go).
//
// # Decoding
//
// Pieces are concatenated, U+2581 becomes a space, byte tokens become bytes,
// control tokens nothing, unknown " ⁇ ". The space that Encode put in front is
// taken from the start of the text. So for any x without U+2581 (for Qwen, in form C),
//
//	Decode(Encode(x)) == x    byte for byte, if the vocabulary has ▁ and byte tokens
//
// Text and Stream additionally make the result valid UTF-8, replacing what is
// not by U+FFFD, and Stream hands out whole characters only.
//
// Pieces of byte BPE are written in visible characters, each of which is a byte.
//
// Source: Google SentencePiece (bpe_model.cc, sentencepiece_processor.cc); OpenAI
// GPT-2 (encoder.py). Not here: kind "unused" (such pieces are never produced),
// and other tokenizer families, which New refuses by name.
package tokenizer
