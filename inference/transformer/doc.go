// Package transformer runs the llama architecture and its relatives: tokens in, logits
// out.
//
// Model holds the weights of one file, shared and read-only. Session holds what
// one text needs: the keys and values of its tokens so far (the KV cache). Executor
// runs steps: tokens of one session or of several go through the model together, so
// that its weights are read once for all.
//
// # One step
//
//	token ids -> rows of the embedding                        x     (T, dim)
//	for each layer:
//	    h = RMSNorm(x)
//	    q, k, v = h·Wqᵀ, h·Wkᵀ, h·Wvᵀ                          (T, heads·hd), (T, kvHeads·hd)
//	    rotate the pairs (2i, 2i+1) of q and k by pos·freq[i]   RoPE
//	    keep k and v in the cache
//	    for each head: softmax(q·Kᵀ/√hd)·V over all positions so far; heads/kvHeads
//	        neighbouring heads share one K and V               grouped-query attention
//	    x += heads·Woᵀ
//	    h = RMSNorm(x)
//	    x += (silu(h·Wgateᵀ) * (h·Wupᵀ))·Wdownᵀ                 SwiGLU
//	logits of the last token = RMSNorm(x)·Woutᵀ                 (vocab)
//
// Others differ in a few steps (variant in config.go):
//
//	qwen2   q, k and v have biases; rotated pairs are half a head apart, as in all below
//	qwen3   q and k are normalised head by head before they are rotated
//	gemma3  the same; x starts scaled by √dim; results are normalised before they are
//	        added to x; GELU in place of SiLU; five of six layers see only the last
//	        positions, and rotate by a base of their own
//
// Rotations can be scaled for long contexts: linear, YaRN, or by a tensor of factors.
//
// forward.go is that list as code. The numbers do not depend on how tokens are put
// together in steps, nor on the number of threads, nor on the kernel, since every
// element is computed by one thread in one order (package matmul). There is nothing to
// switch on for that.
//
// When the context is full, tokens are refused; nothing is forgotten silently.
package transformer
