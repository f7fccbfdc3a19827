// Package transformer runs the llama architecture: tokens in, logits out.
//
// Model holds the weights of one file, shared and read-only. Session holds what
// one text needs: the keys and values of its tokens so far (the KV cache) and
// scratch memory. Sessions of one Model run at the same time.
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
// forward.go is that list as code. A prompt is run in batches of up to maxBatch
// tokens, generated tokens one at a time; the numbers do not depend on how tokens
// are grouped, nor on the number of threads, since every element is computed by
// one thread in one order (package matmul).
//
// When the context is full, Run refuses; nothing is forgotten silently. Not
// here, but with a place: a quantized KV cache (session.go), other architectures
// (config.go), batches across sessions (forward.go).
package transformer
