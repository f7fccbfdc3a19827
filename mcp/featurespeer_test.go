package mcp

import (
	"context"
	"fmt"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestPeerFeatures: the SDK's client understands prompts, completion, templates and what
// things are described with, in each revision.
func TestPeerFeatures(t *testing.T) {
	for _, revision := range Revisions() {
		t.Run(revision, func(t *testing.T) {
			rev := findRevision(revision)
			icon := Icon{Src: "https://example.com/s.png", Sizes: []string{"any"}}
			s := NewServer(Implementation{Name: "f", Version: "1", WebsiteURL: "https://example.com", Icons: []Icon{icon}}, &Options{PageSize: 3})
			addPrompts(s)
			addTemplates(s)
			addRich(s)
			addOutputs(s)
			cs, ctx := connect(t, s, revision, nil), t.Context()
			if got := cs.InitializeResult(); !rev.stateless && (len(got.ServerInfo.Icons) == 1) != rev.icons {
				t.Errorf("icons of the server: %v", got.ServerInfo.Icons)
			}
			var names []string
			for p, err := range cs.Prompts(ctx, nil) {
				if err != nil {
					t.Fatal(err)
				}
				names = append(names, p.Name)
				if p.Name == "review" && ((len(p.Icons) == 2) != rev.icons || (p.Title != "") != rev.titles || (p.Meta["n"] != nil) != rev.metas || len(p.Arguments) != 5) {
					t.Errorf("prompt %+v", p)
				}
			}
			if got := strings.Join(names, " "); got != "any broken empty hello mixed nobody open review" {
				t.Errorf("prompts %s", got)
			}
			res, err := cs.GetPrompt(ctx, &sdk.GetPromptParams{Name: "review", Arguments: map[string]string{"code": "x", "depth": "3"}})
			if err != nil || len(res.Messages) != 2 || res.Messages[1].Role != "assistant" || !strings.Contains(res.Messages[0].Content.(*sdk.TextContent).Text, "depth 3") {
				t.Errorf("prompts/get = %+v, %v", res, err)
			}
			if _, err := cs.GetPrompt(ctx, &sdk.GetPromptParams{Name: "mixed"}); err != nil {
				t.Errorf("mixed prompt: %v", err)
			}
			comp, err := cs.Complete(ctx, &sdk.CompleteParams{
				Ref: &sdk.CompleteReference{Type: "ref/prompt", Name: "any"}, Argument: sdk.CompleteParamsArgument{Name: "day", Value: "mon"},
				Context: &sdk.CompleteContext{Arguments: map[string]string{"city": "Oslo"}},
			})
			if err != nil || fmt.Sprint(comp.Completion.Values) != "[Oslo mon]" || comp.Completion.Total != 1 || comp.Completion.HasMore {
				t.Errorf("completion = %+v, %v", comp, err)
			}
			var uris []string
			for tmpl, err := range cs.ResourceTemplates(ctx, nil) {
				if err != nil {
					t.Fatal(err)
				}
				uris = append(uris, tmpl.URITemplate)
			}
			if len(uris) != 2 {
				t.Errorf("templates %v", uris)
			}
			read, err := cs.ReadResource(ctx, &sdk.ReadResourceParams{URI: "test://user/a%20b/data"})
			if err != nil || read.Contents[0].Text != "data of a b" || read.Contents[0].MIMEType != "text/plain" {
				t.Errorf("read through a template = %+v, %v", read, err)
			}
			rich, err := cs.CallTool(ctx, &sdk.CallToolParams{Name: "a-rich", Arguments: map[string]any{"text": "x"}})
			if err != nil {
				t.Fatal(err)
			}
			note := rich.Content[0].(*sdk.TextContent).Annotations
			if note == nil || note.Priority != 1 || len(note.Audience) != 2 || (note.LastModified != "") != rev.lastModified {
				t.Errorf("annotations %+v", note)
			}
			list, err := cs.CallTool(ctx, &sdk.CallToolParams{Name: "b-list"})
			if err != nil || (list.StructuredContent != nil) != rev.anyStructured || len(list.Content) != 1 {
				t.Errorf("list = %+v, %v", list, err)
			}
		})
	}
}

// TestTheMostLiteralTemplateReads: of several templates that fit.
func TestTheMostLiteralTemplateReads(t *testing.T) {
	s := NewServer(Implementation{Name: "t", Version: "1"}, nil)
	for _, uri := range []string{"t://{+rest}", "t://a/{x}", "t://{y}/b", "t://a/{x}/{z}", "t://long/{x}{?q}"} {
		s.AddTemplate(Template{URI: uri, Name: "n"}, func(_ context.Context, vars map[string]string) ([]Contents, error) {
			return []Contents{{Text: uri + " " + show(vars)}}, nil
		})
	}
	for uri, want := range map[string]string{
		"t://a/b":        "t://a/{x} x=b",
		"t://c/b":        "t://{y}/b y=c",
		"t://a/1/2":      "t://a/{x}/{z} x=1 z=2",
		"t://long/1?q=2": "t://long/{x}{?q} q=2 x=1",
		"t://long/1?r=2": "t://{+rest} rest=long/1?r=2",
	} {
		r := s.catalog.Load().find(uri)
		if r == nil {
			t.Errorf("nothing reads %s", uri)
			continue
		}
		got, err := r.read(t.Context())
		if err != nil || got[0].Text != want {
			t.Errorf("%s is read by %v, %v; want %s", uri, got, err, want)
		}
	}
	if s.catalog.Load().find("u://a") != nil {
		t.Error("u://a is read")
	}
	if !s.RemoveTemplate("t://{+rest}") || s.catalog.Load().find("t://zzz") != nil || s.RemoveTemplate("t://{+rest}") {
		t.Error("a template cannot be removed")
	}
}

// TestBugsOfTheProgramPanic: what can be seen to be wrong when it is added is.
func TestBugsOfTheProgramPanic(t *testing.T) {
	none := func(context.Context, struct{}) (*PromptResult, error) { return nil, nil }
	read := func(context.Context, map[string]string) ([]Contents, error) { return nil, nil }
	for name, f := range map[string]func(s *Server){
		"prompt without name": func(s *Server) { AddPrompt(s, Prompt{}, none) },
		"prompt without func": func(s *Server) { AddPrompt[struct{}](s, Prompt{Name: "p"}, nil) },
		"prompt of a list": func(s *Server) {
			AddPrompt(s, Prompt{Name: "p"}, func(context.Context, []string) (*PromptResult, error) { return nil, nil })
		},
		"prompt with list field": func(s *Server) {
			AddPrompt(s, Prompt{Name: "p"}, func(context.Context, struct {
				L []int `json:"l"`
			}) (*PromptResult, error) {
				return nil, nil
			})
		},
		"prompt argument that is no field": func(s *Server) { AddPrompt(s, Prompt{Name: "p", Arguments: []Argument{{Name: "x"}}}, none) },
		"prompt without tags": func(s *Server) {
			AddPrompt(s, Prompt{Name: "p"}, func(context.Context, struct{ L string }) (*PromptResult, error) { return nil, nil })
		},
		"prompt with bad icon":  func(s *Server) { AddPrompt(s, Prompt{Name: "p", Icons: []Icon{{Src: "javascript:alert(1)"}}}, none) },
		"icon of a file":        func(s *Server) { AddPrompt(s, Prompt{Name: "p", Icons: []Icon{{Src: "file:///x"}}}, none) },
		"icon theme":            func(s *Server) { AddPrompt(s, Prompt{Name: "p", Icons: []Icon{{Src: "data:,", Theme: "blue"}}}, none) },
		"meta key":              func(s *Server) { AddPrompt(s, Prompt{Name: "p", Meta: Meta{"a b": 1}}, none) },
		"meta value":            func(s *Server) { AddPrompt(s, Prompt{Name: "p", Meta: Meta{"a": make(chan int)}}, none) },
		"template without name": func(s *Server) { s.AddTemplate(Template{URI: "t://{a}"}, read) },
		"template without func": func(s *Server) { s.AddTemplate(Template{URI: "t://{a}", Name: "t"}, nil) },
		"template with bad URI": func(s *Server) { s.AddTemplate(Template{URI: "t://{a}{b}", Name: "t"}, read) },
		"completion":            func(s *Server) { s.CompletePrompt("p", "a", nil) },
		"icon of a server":      func(*Server) { NewServer(Implementation{Icons: []Icon{{Src: "x"}}}, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is accepted", name)
				}
			}()
			f(NewServer(Implementation{Name: "s", Version: "1"}, nil))
		}()
	}
}

func TestValidMetaKey(t *testing.T) {
	for key, want := range map[string]bool{
		"a": true, "a-b_c.d": true, "example.com/x": true, "io.modelcontextprotocol/ui": true, "example.com/": true, "a-1.b/9": true,
		"": false, "/": false, "a b": false, "-a": false, "a-": false, ".": false, "1a/x": false, "a..b/x": false, "a-/x": false, "a/b/c": false, "ä": false, "a/ ": false,
	} {
		if got := validMetaKey(key); got != want {
			t.Errorf("validMetaKey(%q) = %v, want %v", key, got, want)
		}
	}
}

// TestCheckToolsFindsCompletionsOfNothing: a wrong name would else go unnoticed.
func TestCheckToolsFindsCompletionsOfNothing(t *testing.T) {
	s := NewServer(Implementation{Name: "s", Version: "1"}, nil)
	addPrompts(s)
	addTemplates(s)
	if err := s.CheckTools(); err != nil {
		t.Error(err)
	}
	s.CompletePrompt("review", "lnaguage", Among())
	s.CompleteTemplate("test://nothing/{id}", "id", Among())
	if err := s.CheckTools(); err == nil || !strings.Contains(err.Error(), "lnaguage") || !strings.Contains(err.Error(), "test://nothing/{id}") {
		t.Errorf("CheckTools = %v, want both named", err)
	}
}
