package mcp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// fixtureParts are what a dialogue can have added to the fixture.
var fixtureParts = map[string]func(s *Server){
	"prompts":   addPrompts,
	"templates": addTemplates,
	"rich":      addRich,
	"outputs":   addOutputs,
	"trouble":   addTrouble,
	"tasks":     addTasks,
	"taskasks":  addTaskAsks,
}

type reviewIn struct {
	Code     string  `json:"code" jsonschema:"what to review"`
	Language string  `json:"language,omitempty" jsonschema:"its language"`
	Strict   bool    `json:"strict,omitempty"`
	Depth    int8    `json:"depth,omitempty"`
	Share    float64 `json:"share,omitempty"`
}

// addPrompts adds prompts and completions of their arguments.
func addPrompts(s *Server) {
	AddPrompt(s, Prompt{Name: "hello", Description: "greets"},
		func(context.Context, struct{}) (*PromptResult, error) { return PromptText("Say hello."), nil })
	AddPrompt(s, Prompt{
		Name: "review", Title: "Code review", Description: "reviews code",
		Icons: []Icon{{Src: "https://example.com/r.svg", MIMEType: "image/svg+xml", Sizes: []string{"48x48", "any"}, Theme: "dark"}, {Src: "data:,x"}},
		Meta:  Meta{"example.com/kind": "code", "n": 1},
	}, func(_ context.Context, in reviewIn) (*PromptResult, error) {
		return &PromptResult{
			Description: "Code review prompt",
			Messages: []Message{
				{User, Text(fmt.Sprintf("Review %s: %q, strict %v, depth %d, share %v", in.Language, in.Code, in.Strict, in.Depth, in.Share))},
				{Assistant, Text("Gladly.")},
			},
			Meta: Meta{"example.com/cost": 2},
		}, nil
	})
	AddPrompt(s, Prompt{Name: "any", Arguments: []Argument{{Name: "city", Title: "City", Description: "where", Required: true}, {Name: "day"}}},
		func(_ context.Context, in map[string]string) (*PromptResult, error) {
			return PromptText(in["city"] + "," + in["day"]), nil
		})
	AddPrompt(s, Prompt{Name: "mixed"}, func(context.Context, struct{}) (*PromptResult, error) {
		return &PromptResult{Messages: []Message{
			{User, Image{[]byte{1, 2, 3}, "image/png"}},
			{User, Audio{[]byte{4}, "audio/wav"}},
			{User, Embedded{Contents{URI: "test://text", MIMEType: "text/plain", Text: "inside"}}},
			{Assistant, Link{Resource{URI: "test://text", Name: "text"}}},
		}}, nil
	})
	AddPrompt(s, Prompt{Name: "broken"}, func(context.Context, struct{}) (*PromptResult, error) { return nil, errors.New("it is broken") })
	AddPrompt(s, Prompt{Name: "empty"}, func(context.Context, struct{}) (*PromptResult, error) { return nil, nil })
	AddPrompt(s, Prompt{Name: "nobody"}, func(context.Context, struct{}) (*PromptResult, error) {
		return &PromptResult{Messages: []Message{{"system", Text("x")}}}, nil
	})
	AddPrompt(s, Prompt{Name: "open"}, func(_ context.Context, in map[string]string) (*PromptResult, error) {
		return PromptText(fmt.Sprint(len(in))), nil
	})
	s.CompletePrompt("review", "language", Among("Python", "Go", "C++", "Cython"))
	s.CompletePrompt("any", "day", func(_ context.Context, value string, given map[string]string) ([]string, error) {
		switch value {
		case "fail":
			return nil, errors.New("no days")
		case "many":
			return make([]string, 250), nil
		}
		return []string{given["city"] + " " + value}, nil
	})
}

// addTemplates adds resource templates and completions of their variables.
func addTemplates(s *Server) {
	s.AddTemplate(Template{
		URI: "test://user/{id}/data", Name: "data", Title: "Data of a user", Description: "what a user has", MIMEType: "text/plain",
		Icons:       []Icon{{Src: "https://example.com/u.png"}},
		Annotations: &Annotations{Audience: []Role{User}, Priority: Ptr(0.5)}, Meta: Meta{"k": true},
	}, func(_ context.Context, vars map[string]string) ([]Contents, error) {
		if vars["id"] == "0" {
			return nil, fmt.Errorf("user %s: %w", vars["id"], ErrNotFound)
		}
		return []Contents{{Text: "data of " + vars["id"], Meta: Meta{"of": vars["id"]}}}, nil
	})
	s.AddTemplate(Template{URI: "test://{+rest}", Name: "rest"}, func(_ context.Context, vars map[string]string) ([]Contents, error) {
		if vars["rest"] == "none" {
			return nil, nil
		}
		return []Contents{{Text: "rest " + vars["rest"]}, {URI: "test://second", MIMEType: "image/png", Blob: []byte{1}}}, nil
	})
	s.CompleteTemplate("test://user/{id}/data", "id", Among("1", "12", "2"))
}

// addRich adds a tool and a resource with all that can be said of them.
func addRich(s *Server) {
	note := Annotations{Audience: []Role{User, Assistant}, Priority: Ptr(1.0), LastModified: time.Date(2025, 1, 12, 15, 0, 58, 0, time.UTC)}
	AddTool(s, Tool{
		Name: "a-rich", Title: "Rich", Description: "has everything",
		Icons: []Icon{{Src: "https://example.com/t.png", Sizes: []string{"any"}}}, Meta: Meta{"example.com/x": []int{1}},
		Annotations: &ToolAnnotations{Title: "Rich tool", OpenWorld: Ptr(false)},
		Tighten: func(p map[string]*jsonschema.Schema) {
			p["text"].Extra = map[string]any{"x-mcp-header": "Text"}
		},
	}, func(context.Context, textIn) (*Result, error) {
		return &Result{
			Content: []Content{
				Annotated{Text("noted"), note, Meta{"m": "v"}},
				Annotated{Content: Image{[]byte{1}, "image/png"}, Annotations: Annotations{Priority: Ptr(0.9)}},
				Annotated{Content: Text("plain")},
				Embedded{Contents{URI: "test://blob", Blob: []byte{7}, Meta: Meta{"b": 1}}},
				Link{Resource{URI: "test://text", Name: "text", Size: 5, Icons: []Icon{{Src: "data:,x"}}, Annotations: &note, Meta: Meta{"l": nil}}},
			},
			Meta: Meta{"example.com/took": 3},
		}, nil
	})
	s.AddResource(Resource{
		URI: "test://a-rich", Name: "rich", Title: "Rich", Size: 3, MIMEType: "text/plain",
		Icons: []Icon{{Src: "https://example.com/r.png", Theme: "light"}}, Annotations: &note, Meta: Meta{"r": 1},
	}, func(context.Context) ([]Contents, error) { return []Contents{{Text: "abc"}}, nil })
}

type user struct {
	ID   string `json:"id"`
	Blob []byte `json:"blob,omitempty"`
}

type checkedOut struct {
	N int `json:"n"`
}

// addOutputs adds tools with outputs of all sorts, good and bad.
func addOutputs(s *Server) {
	AddTool(s, Tool{Name: "b-list"}, func(context.Context, struct{}) ([]user, error) {
		return []user{{ID: "1"}, {ID: "2", Blob: []byte("x")}}, nil
	})
	AddTool(s, Tool{Name: "b-number"}, func(context.Context, struct{}) (float64, error) { return 4.5, nil })
	AddTool(s, Tool{Name: "b-any", OutputSchema: &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "object"}, {Type: "string"}}}},
		func(_ context.Context, in countIn) (any, error) {
			return map[int]any{0: "text", 1: map[string]int{"n": 1}, 2: []int{1}}[in.N], nil
		})
	AddTool(s, Tool{Name: "b-checked", TightenOutput: func(p map[string]*jsonschema.Schema) { p["n"].Maximum = Ptr(9.0) }},
		func(_ context.Context, in countIn) (*checkedOut, error) {
			if in.N < 0 {
				return nil, nil
			}
			return &checkedOut{in.N}, nil
		})
	AddTool(s, Tool{Name: "b-result", OutputSchema: SchemaFor[checkedOut](nil)},
		func(_ context.Context, in countIn) (*Result, error) {
			return map[int]*Result{
				0: {Structured: checkedOut{1}},
				1: {Content: []Content{Text("one")}, Structured: checkedOut{1}},
				2: {Content: []Content{Text("none")}},
				3: {Content: []Content{Text("failed")}, IsError: true},
				4: {Structured: "text"},
			}[in.N], nil
		})
}

// addTrouble adds what waits to be cancelled, 20 s at most, and what has bugs.
func addTrouble(s *Server) {
	wait := func(ctx context.Context) {
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Second):
		}
	}
	AddPrompt(s, Prompt{Name: "wait"}, func(ctx context.Context, _ map[string]string) (*PromptResult, error) {
		wait(ctx)
		return PromptText("waited"), ctx.Err()
	})
	AddPrompt(s, Prompt{Name: "panic"}, func(context.Context, struct{}) (*PromptResult, error) { panic("a bug") })
	AddPrompt(s, Prompt{Name: "nil"}, func(context.Context, struct{}) (*PromptResult, error) {
		return &PromptResult{Messages: []Message{{Role: User}}}, nil
	})
	AddPrompt(s, Prompt{Name: "meta"}, func(context.Context, struct{}) (*PromptResult, error) {
		return &PromptResult{Meta: Meta{"a": func() {}}}, nil
	})
	s.CompletePrompt("wait", "x", func(ctx context.Context, _ string, _ map[string]string) ([]string, error) {
		wait(ctx)
		return []string{"waited"}, nil
	})
	s.CompletePrompt("wait", "panic", func(context.Context, string, map[string]string) ([]string, error) { panic("a bug") })
	s.AddTemplate(Template{URI: "trouble://{kind}", Name: "trouble"}, func(ctx context.Context, vars map[string]string) ([]Contents, error) {
		if vars["kind"] == "panic" {
			panic("a bug")
		}
		wait(ctx)
		return []Contents{{Text: "waited"}}, nil
	})
}
