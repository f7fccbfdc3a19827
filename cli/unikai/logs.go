package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/spf13/cobra"
)

// kernelLog is the resource with the guest's kernel log.
const kernelLog = "log://kernel"

func (a *app) logsCommand() *cobra.Command {
	var follow bool
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Show a guest's kernel log",
		Long:  "Show a guest's kernel log: the lines that its ring buffer still holds. -f goes on with new ones until Ctrl-C.",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			g, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer g.Close()
			log, err := readLog(cmd.Context(), g)
			if err != nil {
				return err
			}
			w := &cleaner{w: a.out}
			if _, err := io.WriteString(w, log); err != nil || !follow {
				return err
			}
			return followLog(cmd.Context(), g, w, log, every)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with new lines")
	cmd.Flags().DurationVar(&every, "every", 500*time.Millisecond, "how often -f asks")
	return cmd
}

// readLog returns the kernel log.
func readLog(ctx context.Context, g *guest) (string, error) {
	r, err := g.ReadResource(ctx, &mcp.ReadResourceParams{URI: kernelLog})
	if err != nil {
		return "", fmt.Errorf("resource %s: %w", kernelLog, err)
	}
	var b strings.Builder
	for _, c := range r.Contents {
		b.WriteString(c.Text)
	}
	return b.String(), nil
}

// followLog prints what is new in the log until ctx ends, which is no error.
func followLog(ctx context.Context, g *guest, w io.Writer, old string, every time.Duration) error {
	tick := time.NewTicker(max(every, 10*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now, err := readLog(ctx, g)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		added, lost := newPart(old, now)
		if lost {
			added = "[lines were lost: the log went on faster than it was read]\n" + added
		}
		if _, err := io.WriteString(w, added); err != nil {
			return err
		}
		old = now
	}
}

// newPart returns what a ring buffer's contents now have after those of old.
// lost says that nothing of old is left, so that something may be missing.
//
// The ring drops from its start and grows at its end, so the longest end of
// old with which now begins is what both share.
func newPart(old, now string) (added string, lost bool) {
	if strings.HasPrefix(now, old) {
		return now[len(old):], false
	}
	// Boundaries of the prefix function of now + old, as in Knuth-Morris-Pratt:
	// linear, whatever a hostile guest puts into its log.
	fail := make([]int, len(now))
	for i, k := 1, 0; i < len(now); i++ {
		for k > 0 && now[i] != now[k] {
			k = fail[k-1]
		}
		if now[i] == now[k] {
			k++
		}
		fail[i] = k
	}
	k := 0
	for i := range len(old) {
		for k > 0 && (k == len(now) || old[i] != now[k]) {
			k = fail[k-1]
		}
		if k < len(now) && old[i] == now[k] {
			k++
		}
	}
	return now[k:], k == 0
}
