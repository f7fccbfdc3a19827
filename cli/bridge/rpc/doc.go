// Package rpc reads JSON-RPC messages as far as a bridge must: where a line
// ends, what kind of message it holds, whose it is. It never writes a message
// anew: what passes the bridge passes as the bytes that came.
//
//	method  id   what it is
//	  set   set  request
//	  set   nil  notification
//	  nil   set  response
//
// Member names are compared byte for byte and may not be given twice: two
// readers of one message must not see two messages. encoding/json takes "ID" for
// "id" and the last of two, so it is not used for that.
//
// The package has two strengths. Parse is for bytes that are to be believed: it
// proves that they are JSON. Peek is for lines that are only passed on: it reads
// the outermost members and leaves the rest to the receiver.
package rpc
