"""The unikernel's Go SDK: another SDK's tree with the kernel laid over it by kernel/overlay.

The tool is run with the base SDK's own `go run`, again whenever one of the files that it read, or
the tool, has changed. Its Go toolchain (//bazel/sdk:unikernel_toolchain offers it, to platforms of the
unikernel only) borrows `builder` and `pack` from the stock SDK's repository, so nothing that runs on
the build machine is linked with the kernel's runtime.
"""

def _is_source(file):
    name = file.basename
    return name.rpartition(".")[2] in ["go", "s", "h"] and not name.endswith("_test.go")

def _watch_sources(rctx, folder):
    for file in folder.readdir(watch = "yes"):
        if _is_source(file):
            rctx.watch(file)

def _unikernel_sdk_impl(rctx):
    base = rctx.path(rctx.attr.base).dirname
    kernel = rctx.path(rctx.attr.kernel).dirname
    tool = kernel.get_child("overlay")
    _watch_sources(rctx, tool)
    _watch_sources(rctx, kernel.get_child("runtime"))

    cache = str(rctx.path(".gocache"))
    tree = rctx.path(".")
    rctx.report_progress("laying the kernel over the Go tree")
    r = rctx.execute(
        [base.get_child("bin").get_child("go"), "run", ".", "-goroot", base, "-kernel", kernel, "-out", tree],
        environment = {
            "CGO_ENABLED": "0",
            "GO111MODULE": "off",
            "GOCACHE": cache,
            "GOENV": "off",
            "GOFLAGS": "-trimpath",
            "GOPATH": cache,
            "GOROOT": str(base),
            "GOTELEMETRY": "off",
            "GOTMPDIR": "",
            "GOTOOLCHAIN": "local",
            "HOME": cache,
        },
        timeout = 600,
        working_directory = str(tool),
    )
    if r.return_code:
        fail("kernel/overlay: " + r.stdout + r.stderr)
    rctx.delete(".gocache")

    # The cores that were laid, by the tool's list of lines "src/internal/kernel/CORE/FILE <- CORE/FILE".
    laid = [line.partition(" <- ")[2] for line in rctx.read("laid.txt", watch = "no").splitlines()]
    for core in {file.rpartition("/")[0]: None for file in laid if "/" in file}:
        _watch_sources(rctx, kernel.get_child(core))

    rctx.file("ROOT", "")
    rctx.template("BUILD.bazel", rctx.attr._build_tpl, substitutions = {
        "{stock}": "@@" + rctx.attr.stock.repo_name,
        "{version}": rctx.attr.version,
    }, executable = False)

unikernel_sdk = repository_rule(
    implementation = _unikernel_sdk_impl,
    attrs = {
        "base": attr.label(mandatory = True, doc = "a file in the root of the base SDK's tree"),
        "kernel": attr.label(mandatory = True, doc = "a file in the folder with overlay/, runtime/ and the cores"),
        "stock": attr.label(mandatory = True, doc = "a file of the repository that rules_go made for the base SDK"),
        "version": attr.string(mandatory = True),
        "_build_tpl": attr.label(default = "//bazel/sdk:sdk.BUILD.tpl"),
    },
)
