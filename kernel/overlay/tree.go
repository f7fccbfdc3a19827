package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// patched is what a laid file is made from that is no copy of a kernel file.
const patched = "(patched)"

// laidFile is one file that is not a link into the stock tree.
type laidFile struct {
	name string // in the tree, with slashes
	from string // below the kernel folder, or patched
	text string
}

// layer is what lies over the stock tree.
type layer struct{ files []laidFile }

func (l *layer) add(name, from, text string) {
	l.files = append(l.files, laidFile{name, from, text})
}

// checkNew returns an error if an unpatched file has the name of a stock one or
// of another laid one.
func (l *layer) checkNew(stock fs.FS) error {
	laid := map[string]string{}
	for _, f := range l.files {
		if other, ok := laid[f.name]; ok {
			return fmt.Errorf("%s: laid twice, from %s and %s", f.name, other, f.from)
		}
		laid[f.name] = f.from
		if _, err := fs.Stat(stock, f.name); f.from != patched && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s: would be replaced by %s: rename that", f.name, f.from)
		}
	}
	return nil
}

// list returns the contents of laid.txt, a line "NAME <- FROM" for each file.
func (l *layer) list() string {
	lines := make([]string, len(l.files))
	for i, f := range l.files {
		lines[i] = f.name + " <- " + f.from + "\n"
	}
	sort.Strings(lines)
	return strings.Join(lines, "")
}

// write makes or updates the tree out: l over links into goroot.
func write(goroot, out string, l *layer) error {
	base, err := filepath.Abs(goroot)
	if err != nil {
		return err
	}
	if err := removeLaid(out, l); err != nil {
		return err
	}
	for _, f := range l.files {
		if err := unlinkFolders(out, f.name); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(out, filepath.FromSlash(f.name)), f.text); err != nil {
			return err
		}
	}
	if err := link(base, out); err != nil {
		return err
	}
	return writeFile(filepath.Join(out, laidList), l.list())
}

// laidList is the name of the list of laid files.
const laidList = "laid.txt"

// removeLaid removes what an earlier run laid into out and l does not.
func removeLaid(out string, l *layer) error {
	list, err := os.ReadFile(filepath.Join(out, laidList))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, f := range l.files {
		keep[f.name] = true
	}
	for _, line := range strings.Split(strings.TrimSpace(string(list)), "\n") {
		name, _, ok := strings.Cut(line, " <- ")
		if !ok || !filepath.IsLocal(name) || keep[name] {
			continue
		}
		if err := os.Remove(filepath.Join(out, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// unlinkFolders makes the folders of a file that is to be laid real ones: an
// earlier run may have left links into the stock tree, which must not be
// written through.
func unlinkFolders(out, name string) error {
	for i, c := range name {
		if c != '/' {
			continue
		}
		folder := filepath.Join(out, name[:i])
		if info, err := os.Lstat(folder); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			if err := os.Remove(folder); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeFile writes a file unless it is there with that text: the go command
// looks at time stamps. A link in its place is replaced, not followed.
func writeFile(name, text string) error {
	if info, err := os.Lstat(name); err == nil {
		old, err := os.ReadFile(name)
		if err == nil && info.Mode().IsRegular() && string(old) == text {
			return nil
		}
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, []byte(text), 0o644)
}

// link completes the folder to with links to what from has and it lacks, in its
// subfolders too. Bazel's own files are left out.
func link(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		source, target := filepath.Join(from, e.Name()), filepath.Join(to, e.Name())
		switch info, err := os.Lstat(target); {
		case err == nil && info.IsDir():
			if err := link(source, target); err != nil {
				return err
			}
		case errors.Is(err, fs.ErrNotExist) && !strings.HasPrefix(e.Name(), "BUILD"):
			if err := os.Symlink(source, target); err != nil {
				return err
			}
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	return nil
}
