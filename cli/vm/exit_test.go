package vm

import (
	"strings"
	"testing"
)

func TestDecodeExit(t *testing.T) {
	tests := []struct {
		name    string
		status  int
		reason  string
		stopped bool
		code    int
		byHost  bool
		say     string
	}{
		{"code 0", 1, "guest-shutdown", false, 0, false, ""},
		{"code 3", 7, "guest-shutdown", false, 3, false, ""},
		{"code 127", 255, "guest-shutdown", false, 127, false, ""},
		{"code 3 while we stop it", 7, "guest-shutdown", true, 3, false, ""},
		{"code 0, then a reset", 1, "guest-reset", false, 0, false, ""},
		{"code 5, and the event was lost", 11, "", false, 5, false, ""},
		{"stopped", 0, "host-signal", true, -1, true, ""},
		{"stopped by force", -1, "", true, -1, true, ""},
		{"off without a code", 0, "guest-shutdown", false, -1, false, "without an exit code"},
		{"triple fault", 0, "guest-reset", false, -1, false, "triple fault"},
		{"panic", 0, "guest-panic", false, -1, false, "panicked"},
		{"bad arguments", 1, "", false, -1, false, "QEMU failed (exit status 1)"},
		{"killed", -1, "", false, -1, false, "killed by a signal"},
		{"another's signal", 0, "host-signal", false, -1, false, "host-signal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := decodeExit(tt.status, tt.reason, tt.stopped)
			if e.Code != tt.code || e.Stopped != tt.byHost || e.Status != tt.status {
				t.Errorf("decodeExit(%d, %q, %v) = %+v, want code %d, stopped %v", tt.status, tt.reason, tt.stopped, e, tt.code, tt.byHost)
			}
			if (err == nil) != (tt.say == "") || err != nil && !strings.Contains(err.Error(), tt.say) {
				t.Errorf("decodeExit(%d, %q, %v): %v, want an error that says %q", tt.status, tt.reason, tt.stopped, err, tt.say)
			}
		})
	}
}
