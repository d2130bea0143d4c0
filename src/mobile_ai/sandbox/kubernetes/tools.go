//go:build tools

// Package kubernetes pins the control plane and the database under it that the
// sandbox builds. The blank imports make `go mod tidy` keep every module that
// the commands need, so go.sum proves what is compiled. The Gateway API is here
// for its custom resource definitions.
package kubernetes

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager"
	_ "k8s.io/kubernetes/cmd/kube-scheduler"
	_ "sigs.k8s.io/gateway-api/pkg/consts"
)
