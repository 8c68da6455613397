package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/haldane-dev/haldane/analysis"
)

// The plan file is one that a user can copy. To play it here, two things of it are
// changed and nothing else: the addresses, and how long a minute lasts.

// adapt returns the config with the addresses of the stand-ins, and with every
// duration scaled to a minute of another length.
func adapt(config []byte, minute time.Duration, addresses map[string]string) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(config, &doc); err != nil {
		return nil, err
	}
	var err error
	each(&doc, nil, func(path []string, value *yaml.Node) {
		key := path[len(path)-1]
		if d, bad := analysis.ParseDuration(value.Value); bad == nil && slices.Contains(timed, key) {
			value.Value = time.Duration(float64(d) / float64(time.Minute) * float64(minute)).String()
		}
		if len(path) == 3 && key == "url" {
			to, known := addresses[path[1]]
			if !known {
				err = fmt.Errorf("no stand-in for %v", path)
			}
			value.Value = to
		}
	})
	if err != nil {
		return nil, err
	}
	// slack-go speaks to slack.com unless it is told otherwise.
	set(find(&doc, "actions", "oncall"), "api_url", addresses["oncall"])
	return yaml.Marshal(&doc)
}

// timed are the keys whose durations are the shop's time; deadlines of deliveries
// and the like are people's time and stay.
var timed = []string{"delay", "every", "step", "duration", "min_duration", "warmup", "after"}

// each calls do for every scalar value of a mapping.
func each(n *yaml.Node, path []string, do func(path []string, value *yaml.Node)) {
	switch n.Kind {
	case yaml.DocumentNode, yaml.SequenceNode:
		for _, c := range n.Content {
			each(c, path, do)
		}
	case yaml.MappingNode:
		for i := 0; i < len(n.Content); i += 2 {
			below := append(slices.Clone(path), n.Content[i].Value)
			if v := n.Content[i+1]; v.Kind == yaml.ScalarNode {
				do(below, v)
			} else {
				each(v, below, do)
			}
		}
	}
}

func find(doc *yaml.Node, path ...string) *yaml.Node {
	n := doc.Content[0]
	for _, key := range path {
		for i := 0; i < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				n = n.Content[i+1]
				break
			}
		}
	}
	return n
}

func set(n *yaml.Node, key, value string) {
	n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, &yaml.Node{Kind: yaml.ScalarNode, Value: value})
}

// writeConfig puts the adapted config into a folder.
func writeConfig(dir string, minute time.Duration, addresses map[string]string) (string, error) {
	adapted, err := adapt(planFile, minute, addresses)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "haldane.yaml")
	return path, os.WriteFile(path, adapted, 0o600)
}
