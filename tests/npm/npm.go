// Package npm finds Node.js and the npm packages that tests run: the conformance
// suite of MCP and clients in TypeScript. ./dev brings both, pinned by tools/dev/npm.
//
// They lie as `npm install -g` leaves them: bin/node beside lib/node_modules. So on a
// machine with Node.js >= 22 of its own the packages may be installed globally.
package npm

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

// Modules returns the path of the program node and of the folder node_modules. Where
// there is none the test ends, see guest.Missing.
func Modules(t testing.TB) (node, modules string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		guest.Missing(t, "node is not on PATH: run this through ./dev, which brings it")
	}
	if real, err := filepath.EvalSymlinks(node); err == nil {
		node = real
	}
	modules = filepath.Join(filepath.Dir(filepath.Dir(node)), "lib", "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "@modelcontextprotocol")); err != nil {
		guest.Missing(t, "the packages of tools/dev/npm are not beside %s: run this through ./dev, which brings them", node)
	}
	return node, modules
}

// Package returns the path of a file of a package.
func Package(t testing.TB, file string) string {
	t.Helper()
	_, modules := Modules(t)
	path := filepath.Join(modules, filepath.FromSlash(file))
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("npm package: %v", err)
	}
	return path
}

// Command returns the command that runs a JavaScript file with arguments. It has a
// home folder of its own, which ends with the test.
func Command(ctx context.Context, t testing.TB, file string, args ...string) *exec.Cmd {
	t.Helper()
	node, _ := Modules(t)
	cmd := exec.CommandContext(ctx, node, append([]string{file}, args...)...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "HOME="+cmd.Dir, "NO_COLOR=1")
	return cmd
}

// Script writes a module so that it may import the packages, and returns its path.
func Script(t testing.TB, name, text string) string {
	t.Helper()
	return filepath.Join(Scripts(t, map[string]string{name: text}), name)
}

// Scripts writes modules, by name, so that they may import the packages and each other,
// and returns their folder.
func Scripts(t testing.TB, files map[string]string) (dir string) {
	t.Helper()
	_, modules := Modules(t)
	dir = t.TempDir()
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
