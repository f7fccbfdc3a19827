// Package encoder runs BERT-class encoders: a text's tokens in, one vector out whose
// direction is what the text is about. Texts that mean the like have vectors with a
// small angle between them.
//
// An encoder has no cache and makes no text: every token sees all others, before and
// after it, so a text goes through the layers as a whole.
//
//	[CLS] tokens [SEP]                                        (T)
//	x = LayerNorm(embedding + position + type 0)              (T, dim)
//	for each layer:
//	    q, k, v = x·Wqᵀ + bq, x·Wkᵀ + bk, x·Wvᵀ + bv           (T, dim), cut into heads
//	    for each head: softmax(q·Kᵀ/√hd)·V                     over all T tokens
//	    x = LayerNorm(x + heads·Woᵀ + bo)
//	    x = LayerNorm(x + gelu(x·Wupᵀ + bup)·Wdownᵀ + bdown)
//	result = the mean of x over its rows, or its first row; divided by its length
//
// In GGUF that is general.architecture "bert", and tensors token_embd, position_embd,
// token_types, token_embd_norm, blk.N.{attn_q, attn_k, attn_v, attn_output,
// attn_output_norm, ffn_up, ffn_down, layer_output_norm}, each layer's with a bias.
// Related architectures (rotary positions, gates) have other names and are refused.
//
// Products are package matmul's, on weights in place. As in package transformer, the
// bits of a result depend neither on the number of threads nor on the kernel.
//
// Source: Devlin et al., "BERT" (arXiv 1810.04805); Vaswani et al. (arXiv 1706.03762)
// §3; Reimers and Gurevych, "Sentence-BERT" (arXiv 1908.10084) §3 for pooling.
package encoder
