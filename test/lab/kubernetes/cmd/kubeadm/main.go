// Command kubeadm alone, smaller to move into a guest than the whole.
package main

import (
	kubeadm "k8s.io/kubernetes/cmd/kubeadm/app"
	kubeadmerrors "k8s.io/kubernetes/cmd/kubeadm/app/util/errors"
)

func main() {
	kubeadmerrors.HandleError(kubeadm.Run())
}
