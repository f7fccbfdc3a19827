//go:build unikernel

package runtime

// Faults of the kernel on demand, for the boot tests that see how it dies. Only
// with provoke=on on the command line.

const (
	kernProvokeStack = iota // endless recursion, stopped by the stack check of Go code
	kernProvokeIndex        // index out of range
	kernProvokeWild         // a store to the address arg
	kernProvokeFault        // a load from the address arg
)

func kernProvoke(what, arg uintptr) int64 {
	v, ok := kernLine.Lookup("provoke")
	if !ok || string(v) != "on" {
		return -kernEPERM
	}
	switch what {
	case kernProvokeStack:
		kernProvokeDeep(1)
	case kernProvokeIndex:
		kernFiles[arg].kind = kernFileEvent
	case kernProvokeWild:
		kernStore64(arg, 1)
	case kernProvokeFault:
		return int64(kernLoad64(arg))
	}
	return -kernEINVAL
}

// kernProvokeDeep is not inlined, or it would be a loop.
//
//go:noinline
func kernProvokeDeep(n int) int {
	var b [64]int
	b[n&63] = n
	return kernProvokeDeep(n+1) + b[n&62]
}
