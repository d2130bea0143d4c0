//go:build tools

// Package nodes pins the simulator of nodes that the sandbox builds. The blank
// import makes `go mod tidy` keep every module that the command needs, so
// go.sum proves what is compiled.
package nodes

import _ "sigs.k8s.io/kwok/cmd/kwok"
