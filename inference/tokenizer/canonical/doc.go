// Package canonical decomposes and composes characters as Unicode defines it: "é" is one
// character, or "e" and a combining accent, and both mean the same. Tokenizers want one
// way of writing: Qwen's the composed one (normalization form C), BERT's the decomposed
// one without its accents.
//
// Bytes that are not UTF-8 stay what they are, and nothing is composed across them.
//
// Source: Unicode Standard §3.11 (Normalization Forms), §3.12 (Conjoining Jamo
// Behavior); UAX #15. The tables are those of Unicode 15.0.
package canonical
