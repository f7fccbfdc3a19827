package main

import (
	"fmt"
	"os"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// The settings of inference, words of the kernel command line, which a program finds in its
// environment:
//
//	UNIKAI_KERNEL=portable   what multiplies matrices, in place of the best for this processor
//	UNIKAI_CACHE=q8_0        how KV caches keep keys and values
const (
	kernelSetting = "UNIKAI_KERNEL"
	cacheSetting  = "UNIKAI_CACHE"
)

// settings returns what the user asked for, with KV caches of up to cacheBytes. A wish that
// cannot be met stops the image: the user would not get what was asked for.
func settings(cacheBytes int64) (inference.Config, error) {
	c := inference.Config{CacheBytes: cacheBytes}
	if name := os.Getenv(kernelSetting); name != "" {
		if err := matmul.Use(name); err != nil {
			return c, fmt.Errorf("%s: %w", kernelSetting, err)
		}
	}
	if name := os.Getenv(cacheSetting); name != "" {
		kind, err := inference.ParseCacheKind(name)
		if err != nil {
			return c, fmt.Errorf("%s: %w", cacheSetting, err)
		}
		c.Cache = kind
	}
	return c, nil
}
