package surface

import (
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// Model names the model that is sealed into an image.
type Model struct {
	Name         string `json:"name"`
	SHA256       string `json:"sha256"` // of its file, hexadecimal
	Bytes        uint64 `json:"bytes"`  // of its file
	Quantization string `json:"quantization,omitempty"`
	License      string `json:"license,omitempty"`
}

// module is one Go module that the program was linked from.
type module struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Sum     string `json:"sum,omitempty"` // go.sum's line: h1:...
}

// document is image://.
type document struct {
	Name      string            `json:"name,omitempty"`
	Version   string            `json:"version,omitempty"`
	Program   string            `json:"program,omitempty"` // import path of the main package
	Go        string            `json:"go"`
	Platform  string            `json:"platform"`
	Revisions []string          `json:"mcp_revisions"`
	Modules   []module          `json:"modules"`
	Settings  map[string]string `json:"build_settings"`
	Model     *Model            `json:"model,omitempty"`
	Digest    string            `json:"digest"`
}

// aboutDigest is in place of the image's own digest, which no image can hold.
const aboutDigest = "sha256 of the image's file; the same sources, Go, modules, settings and model give the same bytes: build it again and compare"

func (img Image) read() (document, error) {
	doc := document{
		Name: img.Name, Version: img.Version,
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Revisions: mcp.Revisions(), Modules: []module{}, Settings: map[string]string{}, Digest: aboutDigest,
	}
	if img.Model != nil {
		doc.Model = img.Model()
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return doc, nil
	}
	doc.Program = info.Path
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		m := module{d.Path, d.Version, d.Sum}
		if m.Sum == "" {
			m.Sum = sumOf(img.Sums, d.Path, d.Version)
		}
		doc.Modules = append(doc.Modules, m)
	}
	for _, s := range info.Settings {
		doc.Settings[s.Key] = s.Value
	}
	return doc, nil
}

// sumOf returns what a go.sum says of a module, "" if it says nothing.
func sumOf(sums, path, version string) string {
	for line := range strings.Lines(sums) {
		if rest, ok := strings.CutPrefix(line, path+" "+version+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}
