// Command pause holds a pod's namespaces: it sleeps until it is told to stop,
// and reaps the orphans of pods that share one process namespace.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	// kubeadm's health check before an upgrade runs `pause -v` and wants it to end.
	if len(os.Args) > 1 && os.Args[1] == "-v" {
		fmt.Println("pause, built for the lab")
		return
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != nil || pid <= 0 {
				break
			}
		}
	}
}
