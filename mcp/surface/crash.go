package surface

import (
	"strings"
	"time"

	"github.com/unikernel-ai/unikernel-ai/kernel"
	"github.com/unikernel-ai/unikernel-ai/mcp"
)

// addCrash adds log://crash: the end of the log of the boot before, and in JSON how it
// ended.
func addCrash(s *mcp.Server, c kernel.Crash) { addCrashLog(s, c, c.Log) }

// addCrashLog is addCrash with the log from anywhere. Its memory may have been written to
// meanwhile, so nothing is believed of it but that it is bytes.
func addCrashLog(s *mcp.Server, c kernel.Crash, log func() ([]byte, error)) {
	addBoth(s, "log://crash", "crash log", "how the boot before this one died", func() (string, any, error) {
		text, err := log()
		return strings.ToValidUTF8(string(text), "\ufffd"), struct {
			ExitCode int       `json:"exit_code"`
			Uptime   float64   `json:"uptime_ms"`
			At       time.Time `json:"at"`
			LogBytes int       `json:"log_bytes"`
		}{c.Code, millis(c.Uptime), c.At, len(text)}, err
	})
}
