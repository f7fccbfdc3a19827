package streamable

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Who may come. The order is that of the checks: what costs least and says least first.
//
//	Host     403   DNS rebinding: a page's own name that resolves to this machine
//	Origin   403   pages of other origins (MCP transports "Security Warning")
//	token    401   RFC 6750
//
// A request without an Origin header is not a browser's cross-origin request.

// admit reports whether a request may be served; if not, it has answered it.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) bool {
	if !s.hostOK(r.Host) {
		s.fail(w, http.StatusForbidden, "Host header does not name this machine")
		return false
	}
	if origins := r.Header.Values("Origin"); len(origins) > 0 {
		if len(origins) > 1 || !s.originOK(origins[0]) {
			s.fail(w, http.StatusForbidden, "Origin is not allowed")
			return false
		}
		s.cors(w, r, origins[0])
	}
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent) // a preflight request has no token
		return false
	}
	return s.tokenOK(w, r)
}

func (s *Server) hostOK(host string) bool {
	if s.Exposed && len(s.Hosts) == 0 {
		return true // the token keeps pages out that rebind: they do not have it
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return isLoopback(name) || slices.ContainsFunc(s.Hosts, func(h string) bool { return strings.EqualFold(h, name) })
}

func (s *Server) originOK(origin string) bool {
	if slices.Contains(s.Origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && !s.Exposed && (u.Scheme == "http" || u.Scheme == "https") && isLoopback(u.Hostname())
}

// cors lets the pages of a configured origin read what they get, as Fetch has it.
func (s *Server) cors(w http.ResponseWriter, r *http.Request, origin string) {
	h := w.Header()
	h.Add("Vary", "Origin")
	if !slices.Contains(s.Origins, origin) {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Mcp-Session-Id, WWW-Authenticate")
	if r.Method != http.MethodOptions {
		return
	}
	allowed := []string{"Accept", "Authorization", "Content-Type", "Last-Event-ID"}
	for name := range strings.SplitSeq(r.Header.Get("Access-Control-Request-Headers"), ",") {
		if name = strings.TrimSpace(name); strings.HasPrefix(strings.ToLower(name), "mcp-") {
			allowed = append(allowed, name)
		}
	}
	h.Set("Access-Control-Allow-Headers", strings.Join(allowed, ", "))
	h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
	h.Set("Access-Control-Max-Age", "600")
}

// tokenOK checks the bearer token (RFC 6750 §2.1, §3). The digests are compared, so that
// neither length nor content of the token shows in the time it takes.
func (s *Server) tokenOK(w http.ResponseWriter, r *http.Request) bool {
	if s.Token == "" {
		return true
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	given, want := sha256.Sum256([]byte(strings.TrimSpace(token))), sha256.Sum256([]byte(s.Token))
	if strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(given[:], want[:]) == 1 {
		return true
	}
	challenge := `Bearer realm="unikai"`
	if scheme != "" {
		challenge += `, error="invalid_token"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	s.fail(w, http.StatusUnauthorized, "a bearer token is needed")
	return false
}
