// Package wordpiece turns text into token numbers as BERT does, from the vocabulary in
// a GGUF file whose tokenizer.ggml.model is "bert".
//
//	"Naïve, don't!"  ->  naive , don ' t !       lower case, marks taken away; words end at
//	                                             white space, punctuation stands alone
//	                 ->  na ##ive , don ' t !    of each word the longest piece that is in the
//	                                             vocabulary, then the longest of what follows
//	                 ->  6583 11514 1010 ...     a word that cannot be made of pieces, or has more
//	                                             than 100 characters, becomes "unknown" as a whole
//
// GGUF writes pieces the other way round than BERT's own files: the first of a word
// has U+2581 in front, "▁na", the others nothing, "ive".
//
// Control tokens ("[CLS]") are not looked for in text, so a caller cannot forge them; the
// vocabulary's own library does take them for tokens. That is the one difference
// but for characters that are younger than its tables (Unicode 8).
//
// Any bytes are text. Bytes that are not UTF-8 are left out, as U+FFFD is.
//
// Source: Google BERT, tokenization.py (BasicTokenizer, WordpieceTokenizer), with
// the order of steps of Hugging Face's tokenizers (BertNormalizer, BertPreTokenizer).
package wordpiece
