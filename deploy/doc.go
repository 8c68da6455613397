// Package deploy is how Haldane lives: on Kubernetes (kubernetes/; as several replicas,
// kubernetes-postgres/), under systemd (systemd/), in an image (../Dockerfile), beside a shop to try it out (compose.yaml),
// and watched by Prometheus (alerts.yaml, runbooks.md); and how it rolls back with deploy
// tools that have no action of their own (recipes/). It holds no code but tests:
// they read every file with the library of the program that will read it, and run
// the real daemon and a real Prometheus with them. It is a module of its own,
// because those libraries bring hundreds of modules; it imports nothing of Haldane.
//
// Start reading at compose.yaml, then kubernetes/kustomization.yaml.
package deploy
