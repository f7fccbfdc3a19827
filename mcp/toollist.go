package mcp

import "encoding/json"

// listTools answers tools/list: name order, PageSize at a time.
func (s *session) listTools(r *request, dst []byte) ([]byte, *Error) {
	cat := s.srv.catalog.Load()
	from, to, e := s.page(r, cat.toolNames)
	if e != nil {
		return dst, e
	}
	dst = append(dst, `{"tools":[`...)
	for i, name := range cat.toolNames[from:to] {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = cat.tools[name].appendTo(dst, r.rev)
	}
	dst = append(dst, ']')
	return append(appendCursor(dst, cat.toolNames, to), '}'), nil
}

// appendTo appends the tool's entry of tools/list.
func (t *tool) appendTo(dst []byte, rev *revision) []byte {
	dst = append(dst, `{"name":`...)
	dst = appendString(dst, t.Name)
	if rev.titles {
		dst = appendMember(dst, "title", t.Title)
	}
	dst = appendMember(dst, "description", t.Description)
	in, out := t.schemas()
	dst = append(dst, `,"inputSchema":`...)
	dst = append(dst, in...)
	if out != nil && rev.structured && (rev.anyStructured || t.object) {
		dst = append(dst, `,"outputSchema":`...)
		dst = append(dst, out...)
	}
	if rev.annotations && t.Annotations != nil {
		if doc, err := json.Marshal(t.Annotations); err == nil {
			dst = append(dst, `,"annotations":`...)
			dst = append(dst, doc...)
		}
	}
	if rev.taskTools && t.Task != TaskForbidden {
		dst = append(dst, `,"execution":{"taskSupport":"`+t.Task.String()+`"}`...)
	}
	dst = appendIcons(dst, t.Icons, rev)
	return append(appendMeta(dst, t.meta, rev), '}')
}
