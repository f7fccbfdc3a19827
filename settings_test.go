package main

import (
	"strings"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/inference"
	"github.com/unikernel-ai/unikernel-ai/inference/matmul"
)

// TestSettings: what cannot be had is refused with what there is. tests/e2e boots with the rest.
func TestSettings(t *testing.T) {
	was := matmul.Kernel()
	t.Cleanup(func() {
		if err := matmul.Use(was); err != nil {
			t.Error(err)
		}
	})
	for _, c := range []struct {
		name, kernel, cache string
		kind                inference.CacheKind
		err                 []string
	}{
		{name: "none"},
		{name: "both", kernel: "portable", cache: "q8_0", kind: inference.CacheQ8},
		{name: "no such kernel", kernel: "abacus", err: []string{kernelSetting, "abacus", "portable"}},
		{name: "no such cache", cache: "q9", err: []string{cacheSetting, "q9", "f16"}},
		{name: "upper case", cache: "F16", err: []string{cacheSetting, "F16", "f16"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(kernelSetting, c.kernel)
			t.Setenv(cacheSetting, c.cache)
			got, err := settings(1 << 20)
			for _, want := range c.err {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q in it", err, want)
				}
			}
			if c.err != nil {
				return
			}
			if err != nil || got.CacheBytes != 1<<20 || got.Cache != c.kind {
				t.Errorf("settings = %+v, %v", got, err)
			}
			if c.kernel != "" && matmul.Kernel() != c.kernel {
				t.Errorf("kernel %s, want %s", matmul.Kernel(), c.kernel)
			}
		})
	}
}
