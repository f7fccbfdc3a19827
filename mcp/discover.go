package mcp

// discover answers server/discover: what the handshake tells, to clients that have none
// (MCP 2026-07-28 server/discover). Who we are stands in every result's _meta.
func (s *session) discover(r *request, dst []byte) ([]byte, *Error) {
	dst = append(dst, `{"supportedVersions":`...)
	dst = appendVersions(dst)
	dst = s.srv.appendCapabilities(append(dst, ','), r.rev)
	dst = appendMember(dst, "instructions", s.srv.opts.Instructions)
	return append(dst, '}'), nil
}

// initialize settles the revision of the session. MCP basic/lifecycle "Initialization".
func (s *session) initialize(r *request, dst []byte) ([]byte, *Error) {
	if s.rev != nil {
		return dst, Errorf(CodeInvalidRequest, "already initialized")
	}
	var version, caps []byte
	var bad string
	eachMember(r.params, func(name string, v []byte) {
		switch name {
		case "protocolVersion":
			version = v
		case "capabilities", "clientInfo":
			if !isObject(v) {
				bad = name
			} else if name == "capabilities" {
				caps = v
			}
		}
	})
	if bad != "" {
		return dst, Errorf(CodeInvalidParams, "params.%s must be an object", bad)
	}
	if !isString(version) {
		return dst, Errorf(CodeInvalidParams, "params.protocolVersion must be a string")
	}
	s.rev, s.caps = negotiate(unquote(version)), parseCaps(caps)
	r.rev, r.caps = s.rev, s.caps
	s.feed = s.newFeed(s.srv.catalog.Load().offers)
	dst = append(dst, `{"protocolVersion":"`...)
	dst = append(dst, s.rev.name...)
	dst = append(dst, '"', ',')
	dst = s.srv.appendCapabilities(dst, s.rev)
	dst = append(dst, `,"serverInfo":`...)
	dst = s.srv.impl.appendTo(dst, s.rev)
	dst = appendMember(dst, "instructions", s.srv.opts.Instructions)
	return append(dst, '}'), nil
}

// appendCapabilities appends the member "capabilities": what the server has, and that
// clients are told when it changes.
func (s *Server) appendCapabilities(dst []byte, rev *revision) []byte {
	offers := s.catalog.Load().offers
	dst = append(dst, `"capabilities":{"logging":{}`...)
	if offers&offerTools != 0 {
		dst = append(dst, `,"tools":{"listChanged":true}`...)
	}
	if offers&offerResources != 0 {
		dst = append(dst, `,"resources":{"subscribe":true,"listChanged":true}`...)
	}
	if offers&offerPrompts != 0 {
		dst = append(dst, `,"prompts":{"listChanged":true}`...)
	}
	if offers&offerCompletions != 0 && rev.completions {
		dst = append(dst, `,"completions":{}`...)
	}
	if offers&offerTasks != 0 && rev.taskTools {
		dst = append(dst, `,"tasks":{"cancel":{},"requests":{"tools":{"call":{}}}}`...)
	}
	if offers&offerTasks != 0 && rev.extensions {
		dst = append(dst, `,"extensions":{"`+tasksExtension+`":{}}`...)
	}
	return append(dst, '}')
}

// appendTo appends the implementation as a JSON object.
func (i *Implementation) appendTo(dst []byte, rev *revision) []byte {
	dst = append(dst, `{"name":`...)
	dst = appendString(dst, i.Name)
	dst = append(dst, `,"version":`...)
	dst = appendString(dst, i.Version)
	if rev.titles {
		dst = appendMember(dst, "title", i.Title)
	}
	if rev.descriptions {
		dst = appendMember(dst, "description", i.Description)
		dst = appendMember(dst, "websiteUrl", i.WebsiteURL)
	}
	return append(appendIcons(dst, i.Icons, rev), '}')
}
