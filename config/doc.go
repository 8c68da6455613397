// Package config is what the operator said: it reads haldane.yaml strictly, all
// mistakes at once with file, line and a hint, resolves secrets, fills in
// defaults, and renders the templates of queries and messages. It knows the shape
// of every source and action only through the tables that its caller hands in.
//
// It imports analysis and nothing else of the house. Start reading at load.go: a
// file becomes a tree (tree.go), the tree fills structs (decode.go, file*.go), the
// structs become plans (plan.go), and check_*.go says what is wrong with them.
package config
