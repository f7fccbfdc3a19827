"""The ways to die that this image offers."""

# Name, exit code, and what must be said. 2: the Go runtime died; 112 and above are
# the kernel's own (see package kernel).
FAULTS = [
    ("nil", 2, [
        "^panic: runtime error: invalid memory address or nil pointer dereference",
        r"^main\.nilPointer",
    ]),
    ("wild", 2, [
        r"^\*\*\* kernel: page fault at 0xffffd00000001000 \(write\)",
        "reason: not mapped",
        "rip 0x[0-9a-f]+ in main[.]",
        "^fatal error: fault",
        r"^main\.wildPointer",
    ]),
    ("noncanonical", 2, [
        r"^\*\*\* kernel: general protection",
        "^fatal error: fault",
        r"^main\.noncanonicalPointer",
    ]),
    ("text", 2, [
        r"^\*\*\* kernel: page fault at 0xffffffff80[0-9a-f]+ \(write\)",
        r"reason: write to text \(W\^X\)",
        "^fatal error: fault",
    ]),
    ("directtext", 2, [
        r"^\*\*\* kernel: page fault at 0xffff8880[0-9a-f]+ \(write\)",
        "reason: write to a read-only page",
        "^fatal error: fault",
    ]),
    ("rodata", 2, [
        r"^\*\*\* kernel: page fault at 0xffffffff80[0-9a-f]+ \(write\)",
        "reason: write to read-only data",
        "^fatal error: fault",
    ]),
    ("exec", 2, [
        r"^\*\*\* kernel: page fault at 0x[0-9a-f]+ \(execute\)",
        r"reason: execution of a no-execute page \(W\^X\)",
        "^fatal error: fault",
    ]),
    ("execstack", 2, [
        r"^\*\*\* kernel: page fault at 0x[0-9a-f]+ \(execute\)",
        r"reason: execution of a no-execute page \(W\^X\)",
        "^fatal error: fault",
    ]),
    ("guard", 2, [
        r"^\*\*\* kernel: page fault at 0xffffb0[0-9a-f]+ \(write\)",
        r"reason: guard page below a stack \(stack overflow\), task [0-9]+",
        "in main.eat",
    ]),
    ("canary", 115, [
        r"^\*\*\* kernel: stack canary overwritten, stack of task [0-9]+",
        r"^KERNEL FATAL: stack overflow \(exit code 115\)",
    ]),
    ("stackoverflow", 2, [
        "^runtime: goroutine stack exceeds 8388608-byte limit",
        "^fatal error: stack overflow",
    ]),
    ("map", 2, ["^panic: assignment to entry in nil map"]),
    ("deadlock", 2, ["^fatal error: all goroutines are asleep - deadlock!"]),
    ("memory", 114, [r"^KERNEL FATAL: out of memory \(exit code 114\)"]),
    ("kernelindex", 118, [
        "^fatal error: index out of range",
        r"^KERNEL FATAL: Go code of the kernel died \(exit code 118\)",
        r"^runtime\.kernProvoke\(",
    ]),
    ("kernelwild", 117, [
        r"^\*\*\* kernel: exception in the kernel",
        r"page fault at 0xffffd00000001000 \(write\)",
        r"^KERNEL FATAL: exception in the kernel: page fault \(exit code 117\)",
        r"^runtime\.kernProvoke\(",
    ]),
    ("kernelstack", 118, [
        "^fatal error: morestack on g0",
        r"^KERNEL FATAL: Go code of the kernel died \(exit code 118\)",
    ]),
    ("exit", 42, ["^fault: exit"]),
]
