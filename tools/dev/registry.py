#!/usr/bin/env python3
"""registry.py OUT ROOT_MODULE.bazel NAME=DIR...

Writes a Bazel registry to the folder OUT that serves, for every (module, version) asked for from the root
module, from Bazel's built-in bazel_tools, or by what those ask for, the local folder DIR. It runs among the tools.
"""

import json
import os
import re
import sys

BAZEL_DEP = re.compile(r"^bazel_dep\((.*?)\)", re.M | re.S)
BUILT_IN = "/usr/share/bazel/embedded_tools/MODULE.bazel"
# Asked for by Bazel's local_config_platform, which has no MODULE.bazel to read.
BUILT_IN_DEPS = [("platforms", "0.0.7")]


def deps(text):
    """Yields (name, version) of each bazel_dep that is not for development only."""
    for match in BAZEL_DEP.finditer(text):
        args = match.group(1)
        if re.search(r"dev_dependency\s*=\s*True", args):
            continue
        name = re.search(r'name\s*=\s*"([^"]+)"', args)
        version = re.search(r'version\s*=\s*"([^"]*)"', args)
        yield name.group(1), version.group(1) if version else ""


def with_version(text, version):
    """Returns a MODULE.bazel whose module() call states the version asked for, as Bazel insists on."""
    head = re.search(r"module\((.*?)\n?\)", text, re.S)
    body = re.sub(r"#.*", "", head.group(1))
    attrs = dict(re.findall(r'(\w+)\s*=\s*("[^"]*"|\d+|\[[^\]]*\])', body))
    attrs["version"] = json.dumps(version)
    attrs.pop("bazel_compatibility", None)
    call = "module(" + ", ".join(f"{k} = {v}" for k, v in attrs.items()) + ")"
    return text[: head.start()] + call + text[head.end() :]


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def main(out, root, folders):
    seen, versions = set(), {}
    todo = BUILT_IN_DEPS + list(deps(read(root))) + list(deps(read(BUILT_IN)))
    while todo:
        name, version = todo.pop()
        if (name, version) in seen or not version:
            continue
        if name not in folders:
            sys.exit(f"registry: no folder for the Bazel module {name} {version}; setup.sh's step registry names them")
        seen.add((name, version))
        versions.setdefault(name, []).append(version)
        text = with_version(read(folders[name] + "/MODULE.bazel"), version)
        write(f"{out}/modules/{name}/{version}/MODULE.bazel", text)
        write(f"{out}/modules/{name}/{version}/source.json", json.dumps({"type": "local_path", "path": folders[name]}))
        todo += deps(text)
    for name, known in versions.items():
        metadata = {"versions": sorted(known), "yanked_versions": {}, "maintainers": [], "repository": [], "homepage": ""}
        write(f"{out}/modules/{name}/metadata.json", json.dumps(metadata))
    write(f"{out}/bazel_registry.json", "{}")
    print(len(seen), "versions of", len(versions), "modules")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], dict(arg.split("=", 1) for arg in sys.argv[3:]))
