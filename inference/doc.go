// Package inference runs a language model (llama and its relatives) out of a GGUF
// file that lies in memory: text in, text out, one token at a time.
//
// It is the facade of a column of small packages. Read them in this order:
//
//	gguf         the file: bytes -> metadata and named tensors, used in place
//	tokenizer    text <-> token numbers (SentencePiece and byte BPE)
//	chat         messages -> prompt, by the template in the file
//	matmul       the arithmetic: dot products on quantized weights, BLAS
//	transformer  token numbers -> logits, with a KV cache per session
//	constrain    JSON Schema -> which tokens may come next
//	sampler      logits -> next token
//	encoder      text -> one vector, for models of BERT's class; with wordpiece for tokens
//
// Nothing here knows where it runs. The same code runs as a Linux process and
// inside the unikernel; it opens no file, reads no clock but time.Now, and
// starts no goroutine except the worker threads of transformer.
//
// Calls of a Model that are in flight at the same time take steps through it together
// (steps.go), and a text that begins as an earlier one did is taken up where they part
// (worker.go). Neither changes a bit of the results, nor does the number of threads or
// the processor's kernel: there is no switch for being deterministic, since nothing is
// not. Tests hold each of these.
//
// It is not a server: package mcp/tool puts it behind tool calls.
//
//	m, err := inference.Load(kjv.Q8_0())
//	...
//	res, err := m.Generate(ctx, "In the beginning", inference.Options{MaxTokens: 48}, func(t inference.Token) error {
//		fmt.Print(t.Text)
//		return nil
//	})
package inference
