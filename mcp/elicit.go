package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"
)

// Action is what a user did with a question.
type Action string

// MCP client/elicitation "Response Actions".
const (
	Accepted  Action = "accept"
	Declined  Action = "decline" // said no
	Dismissed Action = "cancel"  // closed it without an answer
)

// Elicited is the answer to a form.
type Elicited struct {
	Action Action
	// Content is a JSON object that fits the schema; nil unless Action is Accepted.
	Content json.RawMessage
}

// Elicit asks the user to fill in a form (MCP client/elicitation, form mode; from
// revision 2025-06-18). message says what for.
//
// T is a struct of strings, numbers, booleans and lists of strings that are picked from
// choices; the json and jsonschema tags are as for AddTool. edit changes the form's
// properties, which it gets by name: to set a title, a default, bounds or choices (see Choices).
// The answer is checked against it.
//
// The error is ErrDeclined or ErrDismissed if the user did not accept, see also
// ErrCannotAsk and ErrInputRequired. A form must not ask for passwords and the like: the client
// sees it all (use ElicitURL).
func Elicit[T any](ctx context.Context, key, message string, edit ...func(properties map[string]*jsonschema.Schema)) (T, error) {
	var v T
	err := AskAll(ctx, AskForm(key, message, &v, edit...))
	return v, err
}

// AskForm is Elicit for AskAll.
func AskForm[T any](key, message string, to *T, edit ...func(properties map[string]*jsonschema.Schema)) Ask {
	var e Elicited
	a := askForm(key, message, &e, sync.OnceValues(func() (*jsonschema.Schema, error) {
		s, err := schemaOf[T]()
		if err == nil {
			for _, f := range edit {
				f(s.Properties)
			}
		}
		return s, err
	}))
	take := a.take
	a.take = func(answer []byte) error {
		if err := take(answer); err != nil {
			return err
		}
		switch e.Action {
		case Declined:
			return ErrDeclined
		case Dismissed:
			return ErrDismissed
		}
		v := new(T)
		if err := decodeArguments(e.Content, v); err != nil {
			return badAnswer(err.Error())
		}
		*to = *v
		return nil
	}
	return a
}

// ElicitSchema is Elicit with a schema of your own, which must not change afterwards. What
// the user did is in the result: declining is no error.
func ElicitSchema(ctx context.Context, key, message string, schema *jsonschema.Schema) (Elicited, error) {
	var e Elicited
	err := AskAll(ctx, AskSchema(key, message, schema, &e))
	return e, err
}

// AskSchema is ElicitSchema for AskAll.
func AskSchema(key, message string, schema *jsonschema.Schema, to *Elicited) Ask {
	return askForm(key, message, to, func() (*jsonschema.Schema, error) { return schema, nil })
}

func askForm(key, message string, to *Elicited, schema func() (*jsonschema.Schema, error)) Ask {
	return Ask{
		key: key, method: "elicitation/create", need: needs(capElicitForm),
		params: func(c *call, dst []byte) ([]byte, error) {
			s, err := schema()
			if err != nil {
				return dst, err
			}
			form, err := formSchema(s, c.rev)
			if err != nil {
				return dst, err
			}
			doc, err := json.Marshal(form)
			if err != nil {
				return dst, err
			}
			// No mode: that is form mode in all revisions.
			dst = append(dst, `{"message":`...)
			dst = appendString(dst, message)
			dst = append(dst, `,"requestedSchema":`...)
			dst = append(dst, doc...)
			return append(dst, '}'), nil
		},
		take: func(answer []byte) error {
			s, err := schema()
			if err != nil {
				return err
			}
			e, err := takeElicited(answer)
			if err == nil && e.Action == Accepted {
				err = checkForm(s, &e)
			}
			if err == nil {
				*to = e
			}
			return err
		},
	}
}

// checkForm checks what the user has filled in. Members that the form does not have are
// ignored when it is decoded.
func checkForm(s *jsonschema.Schema, e *Elicited) error {
	if e.Content == nil {
		e.Content = noArguments // nothing was filled in
	}
	open := *s
	open.AdditionalProperties = nil
	check, err := compile(&open)
	if err != nil {
		return err
	}
	if err := check.validate(e.Content); err != nil {
		return badAnswerf("content: %v", err)
	}
	return nil
}

// takeElicited reads an ElicitResult.
func takeElicited(answer []byte) (e Elicited, err error) {
	var action, content []byte
	eachMember(answer, func(name string, v []byte) {
		switch name {
		case "action":
			action = v
		case "content":
			content = v
		}
	})
	if isString(action) {
		e.Action = Action(unquote(action))
	}
	switch e.Action {
	case Declined, Dismissed:
		return e, nil
	case Accepted:
	default:
		return e, badAnswer("action must be accept, decline or cancel")
	}
	if content != nil && string(content) != "null" {
		if !isObject(content) {
			return e, badAnswer("content must be an object")
		}
		e.Content = append(json.RawMessage(nil), content...)
	}
	return e, nil
}

// ElicitURL asks the user to open a page, where what is secret can be entered without
// passing through the client (MCP client/elicitation, URL mode; from revision 2025-11-25).
// Accepted means that the user agreed to open it, not that anything was entered.
//
// id names the interaction in ElicitDone, in revision 2025-11-25; if it is empty, one is made.
// The URL should be https, must tell nothing of the user and not be logged in already.
func ElicitURL(ctx context.Context, key, message, url, id string) (Action, error) {
	var a Action
	err := AskAll(ctx, AskURL(key, message, url, id, &a))
	return a, err
}

// AskURL is ElicitURL for AskAll.
func AskURL(key, message, address, id string, to *Action) Ask {
	return Ask{
		key: key, method: "elicitation/create", need: needs(capElicitURL),
		params: func(c *call, dst []byte) ([]byte, error) {
			if u, err := url.Parse(address); err != nil || u.Scheme == "" {
				return dst, fmt.Errorf("%q is no absolute URL", clip(address))
			}
			dst = append(dst, `{"mode":"url","message":`...)
			dst = appendString(dst, message)
			dst = append(dst, `,"url":`...)
			dst = appendString(dst, address)
			if c.rev.elicitationIDs {
				if id == "" {
					id = key + "-" + strconv.FormatInt(c.sess.srv.elicited.Add(1), 10)
				}
				dst = appendMember(dst, "elicitationId", id)
			}
			return append(dst, '}'), nil
		},
		take: func(answer []byte) error {
			e, err := takeElicited(answer)
			if err == nil {
				*to = e.Action
			}
			return err
		},
	}
}

// ElicitDone tells the client that what the user did at the page of ElicitURL is complete,
// so that it need not be asked (MCP 2025-11-25 client/elicitation "Completion
// Notifications"). Other revisions have no such message; then it does nothing.
func ElicitDone(ctx context.Context, id string) error {
	c := callOf(ctx)
	if c == nil {
		return errNoCall
	}
	if !c.rev.elicitationIDs || c.can()&capElicitURL == 0 {
		return nil
	}
	line := appendString([]byte(`{"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{"elicitationId":`), id)
	return c.send(append(line, "}}\n"...))
}
