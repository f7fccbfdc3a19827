package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unikernel-ai/unikernel-ai/tests/npm"
)

// suiteLimit bounds one run of the suite; on a quiet machine it takes seconds.
const suiteLimit = 4 * time.Minute

// program is the suite's, requirements its list of what a revision demands.
const (
	program      = "@modelcontextprotocol/conformance/dist/index.js"
	requirements = "@modelcontextprotocol/conformance/requirements/"
)

// check is one that a scenario made, as the suite records it.
type check struct {
	ID      string `json:"id"`
	Status  string `json:"status"` // SUCCESS, FAILURE, WARNING, SKIPPED, INFO
	Message string `json:"errorMessage"`
}

// runSuite runs the scenarios of a revision against a server. It returns the exit code,
// the checks by scenario, and what the suite printed.
func runSuite(t *testing.T, url, revision string) (code int, checks map[string][]check, printed string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), suiteLimit)
	defer cancel()
	dir := t.TempDir()
	cmd := npm.Command(ctx, t, npm.Package(t, program), "server", "--url", url, "--requirements", revision, "--output-dir", dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run()
	if cmd.ProcessState == nil || ctx.Err() != nil {
		t.Fatalf("the suite did not end: %v\n%s", ctx.Err(), out.String())
	}
	// A folder for each scenario: server-NAME-TIME.
	files, err := filepath.Glob(filepath.Join(dir, "server-*", "checks.json"))
	if err != nil {
		t.Fatal(err)
	}
	checks = map[string][]check{}
	stamp := regexp.MustCompile(`^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$`)
	for _, file := range files {
		m := stamp.FindStringSubmatch(filepath.Base(filepath.Dir(file)))
		if m == nil {
			t.Fatalf("the suite's output has a folder that is none of a scenario: %s", file)
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list []check
		if err := json.Unmarshal(b, &list); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		checks[m[1]] = append(checks[m[1]], list...)
	}
	return cmd.ProcessState.ExitCode(), checks, out.String()
}

// scenarios returns those that a revision requires of servers, and those that the suite
// runs besides and does not count. It reads as much YAML as the suite's lists have.
func scenarios(t *testing.T, revision string) (required, unscored []string) {
	t.Helper()
	b, err := os.ReadFile(npm.Package(t, requirements+revision+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var section, scenario string
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		line := s.Text()
		item, isItem := strings.CutPrefix(line, "  - ")
		switch {
		case strings.HasSuffix(line, ":") && !strings.HasPrefix(line, " "):
			section = line
		case section == "server:" && isItem:
			required = append(required, item)
		case section == "not_scored:" && isItem:
			scenario = strings.TrimPrefix(item, "scenario: ")
		case section == "not_scored:" && strings.TrimSpace(line) == "leg: server":
			unscored = append(unscored, scenario)
		}
	}
	if len(required) < 20 || len(unscored) == 0 {
		t.Fatalf("%s requires %d scenarios and has %d more: the list is written otherwise than expected", revision, len(required), len(unscored))
	}
	return required, unscored
}

// judge returns what speaks against a scenario: checks that failed, or that none passed.
func judge(list []check) (faults []string) {
	passed := 0
	for _, c := range list {
		switch c.Status {
		case "SUCCESS":
			passed++
		case "FAILURE", "WARNING":
			faults = append(faults, fmt.Sprintf("%s %s: %s", c.Status, c.ID, c.Message))
		}
	}
	if passed == 0 {
		faults = append(faults, "no check passed")
	}
	return faults
}

// conform holds a server to a revision: every scenario that the suite requires, and those
// it does not count but for the ones in except. Warnings are faults as failures are.
func conform(t *testing.T, url, revision string, except map[string]string) {
	t.Helper()
	required, unscored := scenarios(t, revision)
	code, checks, printed := runSuite(t, url, revision)
	if code != 0 {
		t.Errorf("the suite's exit code is %d, want 0", code)
	}
	passed := 0
	for _, name := range slices.Concat(required, unscored) {
		faults := judge(checks[name])
		why, excepted := except[name]
		switch {
		case excepted && slices.Contains(required, name):
			t.Errorf("%s is required: no exception counts", name)
		case excepted && len(faults) == 0:
			t.Errorf("%s passes, though %q: take the exception out", name, why)
		case excepted:
			t.Logf("%s: not passed: %s", name, why)
		case len(faults) > 0:
			t.Errorf("%s:\n    %s", name, strings.Join(faults, "\n    "))
		default:
			passed++
		}
	}
	if len(checks) != len(required)+len(unscored) {
		t.Errorf("the suite ran %d scenarios, want %d", len(checks), len(required)+len(unscored))
	}
	t.Logf("%s: %d of %d scenarios passed, %d of them required", revision, passed, len(required)+len(unscored), len(required))
	if t.Failed() {
		_, summary, _ := strings.Cut(printed, "=== SUMMARY ===")
		t.Logf("the suite's summary:\n%s", summary)
	}
}
