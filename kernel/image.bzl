"""unikernel_image: seals a Go program into a file that boots."""

load("@rules_go//go:def.bzl", "go_binary", "go_cross_binary")

# -T: the top 2 GiB of the address space, 0xffffffff80201000; the linker takes it as a signed number.
# -buildid: none, since it would be the one difference from other builds of the same code.
_LINKOPTS = ["-T", "-0x7fdff000", "-buildid="]

def _seal_impl(ctx):
    out = ctx.actions.declare_file(ctx.attr.out)
    ctx.actions.run(
        executable = ctx.executable._mkimage,
        arguments = [ctx.file.kernel.path, out.path],
        inputs = [ctx.file.kernel],
        outputs = [out],
        mnemonic = "UnikernelImage",
        progress_message = "Sealing %{output}",
    )
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]

_seal = rule(
    implementation = _seal_impl,
    doc = "The bootable image of a linked kernel.",
    attrs = {
        "out": attr.string(mandatory = True),
        "kernel": attr.label(mandatory = True, allow_single_file = True),
        "_mkimage": attr.label(default = "//kernel/mkimage", executable = True, cfg = "exec"),
    },
)

def unikernel_image(name, main, out = None, gc_linkopts = [], **kwargs):
    """Seals a Go main package into a file that boots by PVH.

    The bytes depend on the sources only, not on where or how often they are built.

    Args:
      name: of the image. NAME.kernel is the linked Go program before it is made bootable;
        built with `-c dbg` it has the symbols that a debugger wants.
      main: label of a go_library whose package is main
      out: name of the file, NAME.elf if not given
      gc_linkopts: further options of the Go linker
      **kwargs: of every rule: visibility, tags, testonly
    """
    tags = kwargs.pop("tags", [])
    visibility = kwargs.pop("visibility", None)
    go_binary(
        name = name + ".main",
        embed = [main],
        gc_linkopts = _LINKOPTS + gc_linkopts,
        tags = tags + ["manual"],
        target_compatible_with = ["//bazel/platform:unikernel"],
        visibility = ["//visibility:private"],
        **kwargs
    )
    go_cross_binary(
        name = name + ".kernel",
        platform = "//bazel/platform:unikernel_amd64",
        tags = tags,
        target = name + ".main",
        visibility = visibility,
        **kwargs
    )
    _seal(
        name = name,
        kernel = name + ".kernel",
        out = out or name + ".elf",
        tags = tags,
        visibility = visibility,
        **kwargs
    )
