"""boot_test and boot_image: images that boot in QEMU and are judged by what they print and exit with."""

load("@rules_go//go:def.bzl", "go_binary")
load("@rules_shell//shell:sh_test.bzl", "sh_test")
load("//kernel:image.bzl", "unikernel_image")

# How long the guest may take, by test size: a little less than Bazel gives the test, so that the
# test itself reports it, with what the guest printed.
_SECONDS = {
    "small": 50,
    "medium": 280,
    "large": 880,
}

def _plan_impl(ctx):
    plan = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(plan, "".join([line + "\n" for line in ctx.attr.lines]))
    return [DefaultInfo(files = depset([plan]))]

_plan = rule(
    implementation = _plan_impl,
    attrs = {"lines": attr.string_list(mandatory = True)},
)

def boot_test(name, image, want = [], unwant = [], status = 0, append = "", qemu = [], data = [], size = "small", **kwargs):
    """Boots an image in QEMU (microvm, TCG) and checks its exit code and its serial output.

    Args:
      name: of the test
      image: label of a unikernel_image
      want: extended regular expressions; each must match some line of the output
      unwant: extended regular expressions that must match no line
      status: the code that the guest must exit with, 0 to 127
      append: the kernel command line
      qemu: further options of QEMU, such as ["-smp", "2"]; a later -m or -cpu wins
      data: files that the options name
      size: of the test; the guest gets 50 s if small, 280 s if medium, 880 s if large
      **kwargs: of sh_test
    """
    lines = ["seconds %d" % _SECONDS[size], "status %d" % status]
    lines += ["append " + append] if append else []
    lines += ["qemu " + option for option in qemu]
    lines += ["want " + regex for regex in want]
    lines += ["unwant " + regex for regex in unwant]
    _plan(
        name = name + ".plan",
        testonly = True,
        lines = lines,
    )
    sh_test(
        name = name,
        size = size,
        srcs = ["//tests/boot:boot.sh"],
        args = [
            "$(rootpath %s)" % image,
            "$(rootpath %s.plan)" % name,
        ],
        data = [
            image,
            name + ".plan",
        ] + data,
        **kwargs
    )

def boot_image(name, embed, **kwargs):
    """A unikernel_image in the form in which gazelle writes a go_binary.

    `# gazelle:map_kind go_binary boot_image //tests/boot:defs.bzl` makes an image of every main package below.

    Args:
      name: of the image
      embed: one go_library
      **kwargs: of unikernel_image
    """
    unikernel_image(
        name = name,
        main = embed[0],
        **kwargs
    )

def linux_program(name, embed):
    """A Go program for Linux, beside an image of the same. (Gazelle takes every go_binary here for a boot_image.)"""
    go_binary(name = name, embed = embed, pure = "on", static = "on")
