// Package tool holds the tools that every image has: echo, generate, perplexity, embed,
// tokenize, detokenize, matmul, bench and system_info. Each function adds one tool to a server; what a tool needs
// from the rest of the image it takes as a small interface or function, so
// that it runs on a host as well.
//
// A program with tools of its own needs none of them: see package mcp.
package tool
