// Package dial reaches a guest's vsock ports from the host.
//
// An address is one string, so that it fits a flag or an environment variable:
//
//	unix:PATH:PORT    a Unix socket whose owner forwards to the guest
//	vsock:CID:PORT    the host's own AF_VSOCK, where it has vhost_vsock
//
// The first kind starts with a handshake in plain text, the one of Firecracker,
// Cloud Hypervisor and vhost-device-vsock:
//
//	host:   CONNECT 1024\n
//	owner:  OK 1073741824\n         (the number is the host side's port)
//	then the guest's bytes, both ways
//
// The owner is a single thread that serves all clients of its guest, and
// vhost-device-vsock 0.3.0 does not survive rude ones. This package is polite
// on behalf of its callers:
//
//   - The CONNECT line goes out in one write and nothing follows it before the
//     answer: the daemon reads with a buffer that it then drops.
//   - The answer is read byte by byte: what follows it belongs to the caller.
//   - A caller that gives up leaves a connection that stays open until the
//     guest has answered: the daemon panics when it cannot deliver an answer.
//   - A guest that still boots is not dialled at all; package vm waits until
//     the guest says that it listens.
//
// Package dial knows nothing of MCP and starts no programs.
package dial
