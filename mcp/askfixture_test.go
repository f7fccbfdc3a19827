package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

type nameIn struct {
	Name string `json:"name" jsonschema:"how to call you"`
}

type okIn struct {
	OK bool `json:"ok"`
}

type orderForm struct {
	Size   string   `json:"size"`
	Count  int      `json:"count"`
	Extras []string `json:"extras,omitempty"`
	Gift   *bool    `json:"gift,omitempty"`
}

// tightenOrder makes the form one with everything that forms can have.
func tightenOrder(p map[string]*jsonschema.Schema) {
	p["size"].Title = "Size"
	Choices(p["size"], Choice{"s", "Small"}, Choice{"l", "Large"})
	p["size"].Default = json.RawMessage(`"s"`)
	p["count"].Minimum, p["count"].Maximum = Ptr(1.0), Ptr(9.0)
	p["count"].Default = json.RawMessage("1")
	if p["extras"] != nil {
		Choices(p["extras"], Choice{"milk", "Milk"}, Choice{"sugar", "Sugar"})
		p["extras"].MaxItems = Ptr(2)
	}
}

type plainOrder struct {
	Size  string `json:"size"`
	Count int    `json:"count"`
}

// addAsks adds what asks its client.
func addAsks(s *Server) {
	AddTool(s, Tool{Name: "greet", Description: "asks for a name"}, func(ctx context.Context, _ struct{}) (Text, error) {
		in, err := Elicit[nameIn](ctx, "who", "What is your name?")
		return Text("Hello, " + in.Name), err
	})
	AddTool(s, Tool{Name: "order", Description: "asks for a form"}, func(ctx context.Context, _ struct{}) (Text, error) {
		in, err := Elicit[orderForm](ctx, "order", "What may it be?", tightenOrder)
		return Text(fmt.Sprintf("%s x %d %v", in.Size, in.Count, in.Extras)), err
	})
	AddTool(s, Tool{Name: "plain_order", Description: "asks for a form without lists"}, func(ctx context.Context, _ struct{}) (Text, error) {
		in, err := Elicit[plainOrder](ctx, "order", "What may it be?", tightenOrder)
		return Text(fmt.Sprintf("%s x %d", in.Size, in.Count)), err
	})
	AddTool(s, Tool{Name: "action", Description: "asks, and tells what the user did"}, func(ctx context.Context, _ struct{}) (Text, error) {
		e, err := ElicitSchema(ctx, "q", "Well?", SchemaFor[nameIn](nil))
		return Text(fmt.Sprintf("%s %s", e.Action, e.Content)), err
	})
	AddTool(s, Tool{Name: "sign", Description: "sends the user to a page"}, func(ctx context.Context, _ struct{}) (Text, error) {
		a, err := ElicitURL(ctx, "sign", "Please sign", "https://example.com/sign", "sign-1")
		if err != nil {
			return "", err
		}
		return Text(a), ElicitDone(ctx, "sign-1")
	})
	AddTool(s, Tool{Name: "think", Description: "asks the client's model"}, func(ctx context.Context, _ struct{}) (Text, error) {
		res, err := Sample(ctx, "thought", SampleRequest{
			Messages:  []SampleMessage{Say(User, Text("What is"), Image{[]byte{1}, "image/png"})},
			MaxTokens: 100, System: "Be brief.", Temperature: Ptr(0.5), StopSequences: []string{"."}, IncludeContext: "thisServer",
			Preferences: &ModelPreferences{Hints: []string{"small"}, Speed: Ptr(1.0)}, Metadata: map[string]any{"k": 1},
		})
		return Text(res.Model + ": " + res.Text()), err
	})
	AddTool(s, Tool{Name: "agent", Description: "lets the client's model use a tool"}, agent)
	AddTool(s, Tool{Name: "where", Description: "asks for roots"}, func(ctx context.Context, _ struct{}) (Text, error) {
		roots, err := Roots(ctx, "roots")
		return Text(fmt.Sprint(roots)), err
	})
	tickets := 0
	AddTool(s, Tool{Name: "all", Description: "asks for everything at once, then once more"}, func(ctx context.Context, _ struct{}) (Text, error) {
		ticket, err := Once(ctx, "ticket", func() (int, error) { tickets++; return tickets, nil })
		if err != nil {
			return "", err
		}
		var who nameIn
		var said SampleResult
		var roots []Root
		err = AskAll(ctx,
			AskForm("who", "What is your name?", &who),
			AskSample("greeting", SampleRequest{Messages: []SampleMessage{Say(User, Text("Greet."))}, MaxTokens: 10}, &said),
			AskRoots("roots", &roots))
		if err != nil {
			return "", err
		}
		ok, err := Elicit[okIn](ctx, "sure", "Are you sure, "+who.Name+"?")
		return Text(fmt.Sprint(ticket, who.Name, said.Text(), roots, ok.OK)), err
	})
	AddTool(s, Tool{Name: "stubborn", Description: "does not pass on that it must ask"}, func(ctx context.Context, _ struct{}) (Text, error) {
		in, err := Elicit[nameIn](ctx, "who", "What is your name?")
		if err != nil {
			return Text("no name: " + err.Error()), nil
		}
		return Text(in.Name), nil
	})
	AddTool(s, Tool{Name: "hasty", Description: "must not ask", Inline: true}, func(ctx context.Context, _ struct{}) (Text, error) {
		_, err := Roots(ctx, "roots")
		return "", err
	})
	AddPrompt(s, Prompt{Name: "letter", Description: "asks to whom"}, func(ctx context.Context, _ struct{}) (*PromptResult, error) {
		in, err := Elicit[nameIn](ctx, "to", "To whom?")
		return PromptText("Write to " + in.Name), err
	})
	s.AddResource(Resource{URI: "test://home", Name: "home"}, func(ctx context.Context) ([]Contents, error) {
		roots, err := Roots(ctx, "roots")
		return []Contents{{Text: fmt.Sprint(roots)}}, err
	})
}

// agent lets the model use a tool until it has said something.
func agent(ctx context.Context, _ struct{}) (Text, error) {
	req := SampleRequest{
		Messages:  []SampleMessage{Say(User, Text("Weather?"))},
		MaxTokens: 100, ToolChoice: "auto",
		Tools: []SampleTool{{"weather", "tells the weather", SchemaFor[nameIn](nil)}},
	}
	for i := range 3 {
		res, err := Sample(ctx, fmt.Sprint("turn", i), req)
		if err != nil {
			return "", err
		}
		uses := res.ToolUses()
		if len(uses) == 0 {
			return Text(res.Text()), nil
		}
		answer := SampleMessage{Role: User}
		for _, u := range uses {
			answer.Content = append(answer.Content, ToolResult{ToolUseID: u.ID, Content: []Content{Text("rain at " + string(u.Input))}})
		}
		req.Messages = append(req.Messages, SampleMessage{res.Role, res.Content}, answer)
	}
	return "", errors.New("it does not end")
}

// states writes the requestStates of a dialogue, which are different in each run, as
// <state 1>, <state 2>...; <state 1 changed> is one that somebody has tampered with.
type states struct{ seen []string }

const stateMember = `"requestState":"`

// hide replaces what the server has sent.
func (s *states) hide(line string) string {
	before, rest, ok := strings.Cut(line, stateMember)
	if !ok {
		return line
	}
	state, after, _ := strings.Cut(rest, `"`)
	s.seen = append(s.seen, state)
	return fmt.Sprintf(`%s%s<state %d>"%s`, before, stateMember, len(s.seen), after)
}

// fill replaces what the client is to send.
func (s *states) fill(line string) string {
	for i, state := range s.seen {
		line = strings.ReplaceAll(line, fmt.Sprintf("<state %d>", i+1), state)
		line = strings.ReplaceAll(line, fmt.Sprintf("<state %d changed>", i+1), state[:20]+flip(state[20])+state[21:])
	}
	return line
}

func flip(x byte) string {
	if x == 'A' {
		return "B"
	}
	return "A"
}
