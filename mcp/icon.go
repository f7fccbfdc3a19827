package mcp

import (
	"fmt"
	"strings"
)

// Icon is a picture for a tool, resource, prompt or server in a user interface; from
// revision 2025-11-25 (MCP basic "icons").
type Icon struct {
	Src      string   // an https:, http: or data: URI
	MIMEType string   // if Src does not say it
	Sizes    []string // such as 48x48, or any
	Theme    string   // light, dark or, for both, nothing
}

// checkIcons panics if one of them cannot be sent: that is a bug of the program. Clients
// refuse all schemes but these (MCP 2026-07-28 basic "icons").
func checkIcons(of string, icons []Icon) {
	for _, i := range icons {
		scheme, _, _ := strings.Cut(i.Src, ":")
		switch strings.ToLower(scheme) {
		case "https", "http", "data":
		default:
			panic(fmt.Sprintf("mcp: icon of %s: %q is no https:, http: or data: URI", of, clip(i.Src)))
		}
		if i.Theme != "" && i.Theme != "light" && i.Theme != "dark" {
			panic(fmt.Sprintf("mcp: icon of %s: theme %q is not light or dark", of, i.Theme))
		}
	}
}

// appendIcons appends ,"icons":[...], or nothing if there are none or the revision has none.
func appendIcons(dst []byte, icons []Icon, rev *revision) []byte {
	if len(icons) == 0 || !rev.icons {
		return dst
	}
	for i, icon := range icons {
		dst = append(dst, []string{`,"icons":[{"src":`, `,{"src":`}[min(i, 1)]...)
		dst = appendString(dst, icon.Src)
		dst = appendMember(dst, "mimeType", icon.MIMEType)
		for j, size := range icon.Sizes {
			dst = append(dst, []string{`,"sizes":[`, `,`}[min(j, 1)]...)
			dst = appendString(dst, size)
		}
		if len(icon.Sizes) > 0 {
			dst = append(dst, ']')
		}
		dst = append(appendMember(dst, "theme", icon.Theme), '}')
	}
	return append(dst, ']')
}
