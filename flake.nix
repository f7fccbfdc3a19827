{
  description = "MCP servers with their model, sealed into kernel images that anybody can rebuild to the byte";

  # An independent second build of what Bazel builds, to the same bytes (tools/reproduce compares), and the pinned
  # toolchains. No inputs: nothing comes from nixpkgs. The builder of a derivation is the static go command or a Go
  # program of this repository; there is no shell in it.
  #
  #   nix build .#image      the bootable image of main.go
  #   nix build              toolchains: go (the SDK), unikernel-go (with the kernel laid over it), modules
  #   nix build .#modules    after a change of go.mod: fails and says the new hash, to be put below
  outputs = { self }:
    let
      system = "x86_64-linux";
      module = "github.com/unikernel-ai/unikernel-ai";

      # The sources of Go programs. What is not among them does not rebuild anything.
      src = builtins.path {
        name = "source";
        path = self;
        filter = path: type:
          builtins.match ".*/(bazel-[^/]*|docs|result(-[^/]*)?|[.][^/]*|BUILD.bazel|[^/]*[.](bzl|md|nix|sh))" path == null;
      };

      # The Go SDK, by its hash: whoever builds must have put it into the store (./dev does).
      go = derivation {
        name = "go-1.26.8";
        inherit system;
        builder = "/bin/sh";
        args = [ "-c" "echo \"$message\" >&2; exit 1" ];
        message = ''

          The Go SDK go-1.26.8 is not in the Nix store. Unpack the zip of the Go module
          golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64 (go mod download -json says where it is),
          rename its folder golang.org/toolchain@... to go-1.26.8, and run
            nix-store --add-fixed --recursive sha256 go-1.26.8
        '';
        outputHashMode = "recursive";
        outputHashAlgo = "sha256";
        outputHash = "sha256-DkXv+VQ0XO3dcD/XPNdQX9jjOzPJmhM78bthTpvdrzs=";
        preferLocalBuild = true;
        allowSubstitutes = false;
      };

      # What every run of the go command has in common.
      goEnv = {
        inherit system;
        CGO_ENABLED = "0";
        GOENV = "off";
        GOTELEMETRY = "off";
        GOTOOLCHAIN = "local";
        GOFLAGS = "-buildvcs=false -trimpath";
        GOCACHE = "/tmp/gocache";
        GOPATH = "/tmp/gopath";
        GOTMPDIR = "/tmp";
        GOPROXY = "off";
      };
      out = builtins.placeholder "out";

      # A program of this repository that needs no third-party module, to run while building.
      program = folder:
        let name = builtins.baseNameOf folder; in
        "${derivation (goEnv // {
          inherit name;
          builder = "${go}/bin/go";
          args = [ "build" "-C" "${src}" "-o" "${out}/bin/${name}" "./${folder}" ];
        })}/bin/${name}";

      # Third-party modules: a fixed output, so the go command may use the network, with the GOPROXY of whoever calls
      # Nix; go.sum checks each module.
      # The name has a hash of what they are made from, since Nix would go on with an old result of the same name.
      modules = derivation (goEnv // {
        name = "go-modules-${builtins.substring 0 12 (builtins.hashString "sha256"
          (builtins.readFile "${src}/go.mod" + builtins.readFile "${src}/go.sum"))}";
        builder = program "tools/nix/gomodules";
        args = [ "${go}/bin/go" "${src}" out ];
        GOFLAGS = "-modcacherw";
        GOSUMDB = "off";
        GOPROXY = null;
        impureEnvVars = [ "GOPROXY" "http_proxy" "https_proxy" "no_proxy" ];
        outputHashMode = "recursive";
        outputHashAlgo = "sha256";
        outputHash = "sha256-WWqDEw9GB7yvoWt3UuvPKgAP42B/EzaaylOhfabJ/OU=";
      });

      # The Go tree of the unikernel: links into the SDK, but for changed and added files.
      unikernelGo = derivation {
        name = "unikernel-go-1.26.8";
        inherit system;
        builder = program "kernel/overlay";
        args = [ "-goroot" "${go}" "-kernel" "${src}/kernel" "-out" out ];
      };

      # The modules that go.mod names, and the repository that Bazel makes of each.
      split = sep: text: builtins.filter builtins.isString (builtins.split sep text);
      requires = map (m: { path = builtins.elemAt m 1; version = builtins.elemAt m 2; })
        (builtins.filter (m: m != null)
          (map (builtins.match "[[:space:]]*(require )?([^ ]+[.][^ ]+) (v[^ ]+).*") (split "\n" (builtins.readFile "${src}/go.mod"))));
      bazelName = path:
        let
          parts = split "/" path;
          host = builtins.foldl' (names: n: [ n ] ++ names) [ ] (split "[.]" (builtins.head parts));
        in
        builtins.replaceStrings [ "-" "." ] [ "_" "_" ] (builtins.concatStringsSep "_" (host ++ builtins.tail parts));

      # The linked kernel of a main package, before it is made bootable, with the bytes of Bazel's. File names are
      # Bazel's: relative to the workspace, external/... for modules, $GOROOT/src for Go files of the Go tree, src for
      # its assembly. toolexec adds the build information.
      kernel = name: { package, ldflags ? "" }: derivation (goEnv // {
        name = "${name}.kernel";
        builder = "${unikernelGo}/bin/go";
        GOROOT = "${unikernelGo}";
        GOFLAGS = "-buildvcs=false";
        GOMODCACHE = "${modules}";
        args = [
          "build" "-C" "${src}" "-o" out "-pgo=off"
          "-toolexec" "${program "tools/nix/toolexec"}"
          "-asmflags=all=-trimpath=${unikernelGo}"
          "-asmflags=${module}/...=-trimpath=${src}"
          "-gcflags=${module}/...=-trimpath=${src}"
        ] ++ builtins.concatMap
          (m:
            let rename = "-trimpath=${modules}/${m.path}@${m.version}=>external/gazelle~~go_deps~${bazelName m.path}";
            in [ "-asmflags=${m.path}/...=${rename}" "-gcflags=${m.path}/...=${rename}" ])
          requires ++ [
          "-ldflags=-T -0x7fdff000 -buildid= -s -w ${ldflags}"
          package
        ];
      });

      image = name: attrs: derivation {
        name = "${name}.elf";
        inherit system;
        builder = program "kernel/mkimage";
        args = [ "${kernel name attrs}" out ];
      };

      toolchains = derivation {
        name = "unikernel-ai-toolchains";
        inherit system;
        builder = program "tools/nix/linkfarm";
        args = [ out "go=${go}" "unikernel-go=${unikernelGo}" "modules=${modules}" ];
      };
    in
    {
      packages.${system} = {
        default = toolchains;
        image = image "image" { package = "."; };
        kernel = kernel "image" { package = "."; };
        inherit modules;
      };
      # For images of one's own: lib.image "mine" { package = "./my/image"; }
      lib = { inherit kernel image; };
    };
}
