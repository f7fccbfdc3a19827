package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/cli/vm"
	"github.com/unikernel-ai/unikernel-ai/tests/guest"
)

// greedy are requests that make the guest hold or give as much as they can, one
// line each. Each is sent on connections of its own.
func greedy() map[string][]string {
	call := func(id int, tool, arguments string) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"%s","arguments":%s}}`, id, tool, arguments)
	}
	read := func(id int) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"resources/read","params":{"uri":"log://kernel"}}`, id)
	}
	spaces, letters := strings.Repeat(" ", 60<<10), strings.Repeat("the ", 15<<10)
	lines := map[string][]string{}
	var batch []string
	for i := range 2 {
		lines["tokenize"] = append(lines["tokenize"], call(10+i, "tokenize", `{"text":"`+spaces+`"}`), call(30+i, "tokenize", `{"text":"`+letters+`"}`))
		lines["generate"] = append(lines["generate"], call(10+i, "generate", `{"prompt":"`+letters+`"}`))
		lines["matmul"] = append(lines["matmul"], call(10+i, "matmul", `{"n":128}`))
		lines["echo"] = append(lines["echo"], call(10+i, "echo", `{"text":"`+strings.Repeat("x", 300<<10)+`"}`))
	}
	for i := range 60 {
		lines["read"] = append(lines["read"], read(100+i))
		batch = append(batch, read(100+i))
	}
	// The whole batch waits for its last call.
	batch = append(batch, call(99, "generate", `{"prompt":"In the beginning","max_tokens":32}`))
	lines["batch"] = []string{"[" + strings.Join(batch, ",") + "]"}
	return lines
}

// TestGreedyClients: clients that ask for much at once get an answer or an error to
// each request, others are served beside them, and a guest of little memory lives on.
// One call of tokenize once took more memory than a guest had.
func TestGreedyClients(t *testing.T) {
	v := guest.Boot(t, vm.Config{Memory: 64})
	const clients = 4 // of each kind
	var all sync.WaitGroup
	for kind, lines := range greedy() {
		for range clients {
			all.Go(func() {
				if err := ask(v, kind, lines); err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			})
			all.Go(func() {
				if err := ping(v); err != nil {
					t.Errorf("beside %s: %v", kind, err)
				}
			})
		}
	}
	all.Wait()
	select {
	case <-v.Ended():
		_, err := v.Wait()
		t.Fatalf("the guest ended: %v; %+v", err, v.Console()[max(0, len(v.Console())-20):])
	default:
	}
	echo(t, guest.Session(t, v, "", nil), "still here")
}

// ask sends lines to the guest and reads as many.
func ask(v *vm.VM, kind string, lines []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), guest.Limit)
	defer cancel()
	c, err := v.Dial(ctx, vm.MCPPort)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(guest.Limit)); err != nil {
		return err
	}
	hello := initialize
	if kind == "batch" {
		hello = strings.Replace(initialize, "2025-11-25", "2025-03-26", 1)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(c, hello+"\n"+`{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n"+strings.Join(lines, "\n")+"\n")
		sent <- err
	}()
	in := bufio.NewReader(c)
	for n := range 1 + len(lines) {
		if _, err := in.ReadBytes('\n'); err != nil {
			return fmt.Errorf("after %d of %d answers: %w", n, 1+len(lines), err)
		}
	}
	return <-sent
}

// ping has the guest answer a client beside the greedy ones.
func ping(v *vm.VM) error {
	ctx, cancel := context.WithTimeout(context.Background(), guest.Limit)
	defer cancel()
	c, err := v.Dial(ctx, vm.MCPPort)
	if err != nil {
		return err
	}
	defer c.Close()
	s, err := guest.Connect(ctx, c, "", nil)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Ping(ctx, nil)
}
