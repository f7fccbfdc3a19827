package mcp

import "strconv"

// maxCompletions is how many values a response has at most (MCP server/utilities/completion
// "Completion Results").
const maxCompletions = 100

// complete starts completion/complete. The bounds on requests at work are what limits
// its rate.
func (s *session) complete(r *request) *Error {
	what, value, given, e := completeParams(r.params)
	if e != nil {
		return e
	}
	cat := s.srv.catalog.Load()
	if e := cat.has(what); e != nil {
		return e
	}
	f := cat.completions[what] // nil: nothing to suggest
	if e := s.admit(r, true); e != nil {
		return e
	}
	c := s.newCall(r)
	c.do = func(c *call, dst []byte) ([]byte, error) {
		var values []string
		if f != nil {
			var err error
			if values, err = f(c, value, given); err != nil {
				return dst, err
			}
		}
		return appendCompletion(dst, values), nil
	}
	return s.start(c, len(r.raw))
}

// completeParams takes the params of completion/complete apart.
func completeParams(params []byte) (what completion, value string, given map[string]string, e *Error) {
	var ref, argument, context []byte
	eachMember(params, func(name string, v []byte) {
		switch name {
		case "ref":
			ref = v
		case "argument":
			argument = v
		case "context":
			context = v
		}
	})
	if !isObject(ref) || !isObject(argument) || context != nil && !isObject(context) {
		return what, "", nil, Errorf(CodeInvalidParams, "params.ref and params.argument must be objects, as params.context if it is there")
	}
	var name, uri, text *string
	what.kind, name, uri = "", nil, nil
	stringMembers(ref, func(member, v string) {
		switch member {
		case "type":
			what.kind = v
		case "name":
			name = &v
		case "uri":
			uri = &v
		}
	})
	switch {
	case what.kind == refPrompt && name != nil:
		what.of = *name
	case what.kind == refResource && uri != nil:
		what.of = *uri
	default:
		return what, "", nil, Errorf(CodeInvalidParams, "params.ref must have type ref/prompt and a name, or ref/resource and a uri")
	}
	name = nil
	stringMembers(argument, func(member, v string) {
		switch member {
		case "name":
			name = &v
		case "value":
			text = &v
		}
	})
	if name == nil || text == nil {
		return what, "", nil, Errorf(CodeInvalidParams, "params.argument.name and params.argument.value must be strings")
	}
	what.argument = *name
	given = map[string]string{}
	if arguments := memberOf(context, "arguments"); isObject(arguments) {
		stringMembers(arguments, func(name, v string) { given[name] = v })
	}
	return what, *text, given, nil
}

// stringMembers calls f for the members of an object that are strings.
func stringMembers(v []byte, f func(name, v string)) {
	eachMember(v, func(name string, v []byte) {
		if isString(v) {
			f(name, unquote(v))
		}
	})
}

// appendCompletion appends the result of completion/complete.
func appendCompletion(dst []byte, values []string) []byte {
	dst = append(dst, `{"completion":{"values":[`...)
	for i, v := range values[:min(len(values), maxCompletions)] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, v)
	}
	dst = append(dst, `],"total":`...)
	dst = strconv.AppendInt(dst, int64(len(values)), 10)
	dst = append(dst, `,"hasMore":`...)
	dst = strconv.AppendBool(dst, len(values) > maxCompletions)
	return append(dst, '}', '}')
}
