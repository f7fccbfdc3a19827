// Package arch holds the rules of the house as data, and the tests that hold
// the tree to them: who may import whom, where unsafe and assembly may live, how
// long a file may be. A change here is a change of architecture and is a
// commit of its own, with its reason.
package arch

// module is the path that imports of this repository start with.
const module = "github.com/unikernel-ai/unikernel-ai"

// imports says which packages of this repository a folder's packages may
// import, by prefix; the longest matching folder decides. What is not allowed
// is refused. "" is the root: the image's main package.
//
// Read it as the layers of the design: four columns - kernel, drivers, mcp,
// inference - that do not know each other, joined in the image's main package.
// The one door between the columns is package kernel, through which drivers
// reach memory and interrupts.
var imports = map[string][]string{
	"":            {"drivers", "inference", "kernel", "mcp"},
	"bazel":       {},
	"cli":         {"cli"},
	"cli/model":   {"cli", "inference"}, // whose tests load what it converts
	"drivers":     {"drivers", "kernel"},
	"inference":   {"inference"},
	"kernel":      {"kernel"},
	"mcp":         {"mcp"},
	"mcp/surface": {"drivers", "kernel", "mcp"},
	"mcp/tool":    {"inference", "mcp"},
	"tests":       {"cli", "drivers", "inference", "kernel", "mcp", "tests"},
	"tools":       {"kernel/overlay", "tools"},
}

// cores are the kernel's decisions without a machine. They are laid into the
// Go tree for package runtime to import, so they import nothing but each other,
// not even the standard library.
var cores = []string{
	"area", "clock", "cmdline", "crash", "frame", "logring", "page", "phys", "pvh", "sched", "stack", "timer", "trap",
}

// modules says which folders may import which third-party modules outside
// their tests. A module that is not listed may not be imported.
var modules = map[string][]string{
	"github.com/google/jsonschema-go":              {"mcp", "tests"},
	"github.com/mdlayher/vsock":                    {"cli"},
	"github.com/modelcontextprotocol/go-sdk":       {"cli", "tests"},
	"github.com/sourcegraph/jsonrpc2":              {"mcp"},
	"github.com/spf13/cobra":                       {"cli"},
	"github.com/usbarmory/tamago/soc/intel/ioapic": {"drivers"},
	"golang.org/x/sys":                             {"cli", "inference", "tools"},
	"gonum.org/v1/gonum/blas":                      {"inference", "mcp/tool", "tests"},
	"gonum.org/v1/gonum":                           {"inference", "tests"},
}

// inTests are third-party modules that any test may import, besides those above.
var inTests = []string{
	"github.com/google/go-cmp",
	"github.com/google/jsonschema-go",
	"github.com/modelcontextprotocol/go-sdk",
	"golang.org/x/net/nettest",
	"golang.org/x/tools/txtar",
	"gonum.org/v1/gonum",
}

// assembly lists the folders that may hold .s files.
var assembly = []string{"inference/matmul", "kernel/runtime"}

// Lines of a hand-written file, at most.
const (
	maxLines     = 400
	maxTestLines = 600
)
