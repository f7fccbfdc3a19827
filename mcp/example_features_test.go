package mcp_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/unikernel-ai/unikernel-ai/mcp"
)

type ReviewIn struct {
	Code     string `json:"code" jsonschema:"what to review"`
	Language string `json:"language,omitempty" jsonschema:"its language"`
}

// A prompt is a function, too. Its arguments come from the type of its input, and what
// a client sends is checked before the function runs.
func ExampleAddPrompt() {
	s := mcp.NewServer(mcp.Implementation{Name: "review", Version: "1"}, nil)
	mcp.AddPrompt(s, mcp.Prompt{Name: "review", Description: "reviews code"},
		func(_ context.Context, in ReviewIn) (*mcp.PromptResult, error) {
			return mcp.PromptText(fmt.Sprintf("Review this %s code:\n%s", in.Language, in.Code)), nil
		})
	ask(s,
		`{"jsonrpc":"2.0","id":1,"method":"prompts/list"}`,
		`{"jsonrpc":"2.0","id":2,"method":"prompts/get","params":{"name":"review","arguments":{"code":"x := 1","language":"Go"}}}`,
		`{"jsonrpc":"2.0","id":3,"method":"prompts/get","params":{"name":"review"}}`)
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":{"prompts":[{"name":"review","description":"reviews code","arguments":[{"name":"code","description":"what to review","required":true},{"name":"language","description":"its language"}]}]}}
	// {"jsonrpc":"2.0","id":2,"result":{"messages":[{"role":"user","content":{"type":"text","text":"Review this Go code:\nx := 1"}}]}}
	// {"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"invalid arguments: code is missing"}}
}

// Clients complete what a person types. Among is for a set of values; a function of one's
// own sees what was typed and the other arguments.
func ExampleServer_CompletePrompt() {
	s := mcp.NewServer(mcp.Implementation{Name: "review", Version: "1"}, nil)
	mcp.AddPrompt(s, mcp.Prompt{Name: "review"},
		func(context.Context, ReviewIn) (*mcp.PromptResult, error) { return mcp.PromptText("..."), nil })
	s.CompletePrompt("review", "language", mcp.Among("Go", "C", "C++", "Objective-C"))
	ask(s, `{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"review"},"argument":{"name":"language","value":"c"}}}`)
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":{"completion":{"values":["C","C++","Objective-C"],"total":3,"hasMore":false}}}
}

// A template stands for many resources; its function gets the variables of the URI.
func ExampleServer_AddTemplate() {
	s := mcp.NewServer(mcp.Implementation{Name: "users", Version: "1"}, nil)
	names := map[string]string{"7": "Ada"}
	s.AddTemplate(mcp.Template{URI: "users://{id}/name", Name: "name of a user", MIMEType: "text/plain"},
		func(_ context.Context, vars map[string]string) ([]mcp.Contents, error) {
			name, ok := names[vars["id"]]
			if !ok {
				return nil, mcp.ErrNotFound
			}
			return []mcp.Contents{{Text: name}}, nil
		})
	s.CompleteTemplate("users://{id}/name", "id", mcp.Among("7"))
	ask(s,
		`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"users://7/name"}}`,
		`{"jsonrpc":"2.0","id":2,"method":"resources/read","params":{"uri":"users://8/name"}}`)
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":{"contents":[{"uri":"users://7/name","mimeType":"text/plain","text":"Ada"}]}}
	// {"jsonrpc":"2.0","id":2,"error":{"code":-32002,"message":"resource not found","data":{"uri":"users://8/name"}}}
}

// Tighten says what Go types cannot. Arguments are checked against it before the
// function runs, and the model reads why they do not fit.
func ExampleTool_tighten() {
	type In struct {
		City string `json:"city" jsonschema:"where"`
		Days int    `json:"days,omitempty" jsonschema:"how many"`
	}
	s := mcp.NewServer(mcp.Implementation{Name: "weather", Version: "1"}, nil)
	mcp.AddTool(s, mcp.Tool{Name: "forecast", Tighten: func(p map[string]*jsonschema.Schema) {
		p["days"].Minimum, p["days"].Maximum = mcp.Ptr(1.0), mcp.Ptr(10.0)
		p["city"].Enum = []any{"Oslo", "Rome"}
	}}, func(_ context.Context, in In) (mcp.Text, error) {
		return mcp.Text("sun in " + in.City), nil
	})
	ask(s,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"forecast","arguments":{"city":"Rome","days":3}}}`,
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"forecast","arguments":{"city":"Rome","days":30}}}`)
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"sun in Rome"}]}}
	// {"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"invalid arguments: days is greater than 10"}],"isError":true}}
}

// A Result is for tools that return more than a value: pictures, links, hints for
// whom a piece is, and data for programs besides.
func ExampleResult() {
	type Out struct {
		Rows int `json:"rows"`
	}
	s := mcp.NewServer(mcp.Implementation{Name: "report", Version: "1"}, nil)
	mcp.AddTool(s, mcp.Tool{Name: "report", OutputSchema: mcp.SchemaFor[Out](nil)},
		func(context.Context, struct{}) (*mcp.Result, error) {
			return &mcp.Result{
				Content: []mcp.Content{
					mcp.Text("Sales went up."),
					mcp.Annotated{
						Content: mcp.Image{Data: []byte("PNG"), MIMEType: "image/png"},
						Annotations: mcp.Annotations{
							Audience: []mcp.Role{mcp.User}, Priority: mcp.Ptr(0.5),
							LastModified: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
						},
					},
					mcp.Link{Resource: mcp.Resource{URI: "report://q3", Name: "all of it"}},
				},
				Structured: Out{Rows: 3}, // must fit the schema, or the client gets an error
			}, nil
		})
	ask(s, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"report"}}`)
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"Sales went up."},{"type":"image","data":"UE5H","mimeType":"image/png","annotations":{"audience":["user"],"priority":0.5,"lastModified":"2026-01-02T03:04:05Z"}},{"type":"resource_link","uri":"report://q3","name":"all of it"}],"structuredContent":{"rows":3}}}
}

// A call that takes long can go on as a task, for clients that take one. The function
// does not notice. Clients come back for the result, on any connection.
func ExampleTool_task() {
	s := mcp.NewServer(mcp.Implementation{Name: "slow", Version: "1"}, nil)
	mcp.AddTool(s, mcp.Tool{Name: "train", Task: mcp.TaskOptional},
		func(ctx context.Context, in struct {
			Steps int `json:"steps"`
		}) (mcp.Text, error) {
			for step := range in.Steps {
				if err := mcp.Progress(ctx, float64(step+1), float64(in.Steps), "training"); err != nil {
					return "", err // nobody waits any more
				}
			}
			return "trained", nil
		})
	ask(s, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"train","arguments":{"steps":2}}}`)
	// Output:
	// {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"trained"}]}}
}

// Tools can be written to ask. Until 2025-11-25 the client gets a request, since 2026-07-28
// a result that says what is missing, and the function runs again with the answer: it
// is the same function.
func ExampleElicit() {
	type Order struct {
		Size string `json:"size" jsonschema:"S, M or L"`
	}
	s := mcp.NewServer(mcp.Implementation{Name: "shop", Version: "1"}, nil)
	mcp.AddTool(s, mcp.Tool{Name: "order"}, func(ctx context.Context, _ struct{}) (mcp.Text, error) {
		order, err := mcp.Elicit[Order](ctx, "size", "Which size?")
		if err != nil {
			return "", err // declined, or not asked yet
		}
		return mcp.Text("ordered: " + order.Size), nil
	})
	answer(s, `{"elicitation":{}}`, `{"action":"accept","content":{"size":"M"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"order"}}`)
	// Output:
	// server asks elicitation/create: Which size?
	// {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"ordered: M"}]}}
}

// Sample asks the client's model.
func ExampleSample() {
	s := mcp.NewServer(mcp.Implementation{Name: "poet", Version: "1"}, nil)
	mcp.AddTool(s, mcp.Tool{Name: "rhyme"}, func(ctx context.Context, _ struct{}) (mcp.Text, error) {
		res, err := mcp.Sample(ctx, "rhyme", mcp.SampleRequest{
			Messages:  []mcp.SampleMessage{mcp.Say(mcp.User, mcp.Text("What rhymes with moon?"))},
			MaxTokens: 20,
		})
		if err != nil {
			return "", err
		}
		return mcp.Text(strings.ToUpper(res.Text())), nil
	})
	answer(s, `{"sampling":{}}`, `{"role":"assistant","content":{"type":"text","text":"June"},"model":"m"}`,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rhyme"}}`)
	// Output:
	// server asks sampling/createMessage: What rhymes with moon?
	// {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"JUNE"}]}}
}
