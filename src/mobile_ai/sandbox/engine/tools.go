//go:build tools

// Package engine pins the Pulumi CLI that the sandbox builds when no official
// one is on the machine. The blank import makes `go mod tidy` keep every module
// that the command needs, so go.sum proves what is compiled.
package engine

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
