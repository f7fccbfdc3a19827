// Package convert makes GGUF files of models that registries have in other forms only:
// BERT-class encoders as sentence-transformers keeps them.
//
//	model.safetensors    weights                     ->  tensors, matrices as Q8_0 or F16
//	config.json          shape                       ->  keys bert.*
//	vocab.txt            pieces, one a line          ->  tokenizer.ggml.tokens
//	1_Pooling/config.json  how tokens become one     ->  bert.pooling_type
//
// The same input gives the same bytes everywhere, so that the result has a digest that
// can be known beforehand.
//
// Source: the safetensors format (its README, "Format"); for names and keys, what
// package encoder says of architecture "bert".
package convert
