package rpc

// metaVersion is the key of the revision (MCP 2026-07-28 basic "_meta").
const metaVersion = "io.modelcontextprotocol/protocolVersion"

// Params are the members of a request's params that a bridge looks at. Values are JSON
// as it is written, nil if there is none.
type Params struct {
	Name      []byte // of a tool or prompt
	URI       []byte // of a resource
	TaskID    []byte
	Arguments []byte
	Version   []byte // _meta: the revision that the request is made in; only modern requests have it
	Token     []byte // _meta: progress token of a request
	Progress  []byte // progress token of notifications/progress
	RequestID []byte // of notifications/cancelled
	Level     []byte // of logging/setLevel
	Twice     string // a member of these that is there twice; "" if none is
}

// ParseParams takes params apart; nil has no members.
func ParseParams(params []byte) (p Params) {
	var meta []byte
	Members(params, func(name, value []byte) bool {
		switch string(name) {
		case "name":
			p.set(&p.Name, name, value)
		case "uri":
			p.set(&p.URI, name, value)
		case "taskId":
			p.set(&p.TaskID, name, value)
		case "arguments":
			p.set(&p.Arguments, name, value)
		case "progressToken":
			p.set(&p.Progress, name, value)
		case "requestId":
			p.set(&p.RequestID, name, value)
		case "level":
			p.set(&p.Level, name, value)
		case "_meta":
			p.set(&meta, name, value)
			Members(value, func(name, value []byte) bool {
				switch string(name) {
				case metaVersion:
					p.set(&p.Version, name, value)
				case "progressToken":
					p.set(&p.Token, name, value)
				}
				return true
			})
		}
		return true
	})
	return p
}

func (p *Params) set(to *[]byte, name, value []byte) {
	if *to != nil {
		p.Twice = string(name)
	}
	*to = value
}
