package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/haldane-dev/haldane/"

// room is a part of the house and what it may import of the rest.
type room struct {
	path string // package, or with /... a tree of packages
	may  []string
	why  string
}

var rooms = []room{
	{"analysis/stats", nil, "arithmetic must be checkable against R with nothing around it"},
	{"analysis/judge", []string{"analysis", "analysis/stats"}, "a verdict follows from samples alone: no clock, no I/O, no config"},
	{"analysis/judge/judgetest", []string{"analysis"}, "made-up releases are series with a truth, and nothing else"},
	{"analysis/judge/internal/...", []string{"analysis", "analysis/judge", "analysis/stats"}, "a program around the judge"},
	{"analysis/chart", []string{"analysis"}, "one drawing serves pages and messages"},
	{"analysis/store", []string{"analysis"}, "rows know nothing of who reads them"},
	{"analysis/store/storetest", nil, "databases for tests of any package"},
	{"analysis/engine", []string{"analysis", "analysis/judge", "analysis/store"}, "the engine must not know vendors, config files or HTTP"},
	{"analysis", nil, "the vocabulary is everybody's: it must not drag anything in"},
	{"config", []string{"analysis"}, "what the operator said is read without knowing who will use it"},
	{"sources", []string{"analysis", "config", "sources/..."}, "the table lists every vendor"},
	{"sources/sourcetest", []string{"analysis", "config"}, "the kit serves all vendors alike"},
	{"sources/web", []string{"analysis", "config"}, "what all vendors need of HTTP is written once, and knows none of them"},
	{"sources/answer", []string{"analysis"}, "what all vendors need of samples is written once, and knows none of them"},
	{"sources/...", []string{"analysis", "config", "sources/sourcetest", "sources/web", "sources/answer"}, "a source never learns why it was asked, nor that there are others; what all vendors need is written once"},
	{"actions", []string{"analysis", "config", "actions/..."}, "the table lists every vendor"},
	{"actions/actiontest", []string{"analysis", "config"}, "the kit serves all vendors alike"},
	{"actions/web", []string{"analysis", "config"}, "what all vendors need of HTTP is written once, and knows none of them"},
	{"actions/cluster", []string{"analysis", "config", "actions/web"}, "what all that speak with Kubernetes need is written once, and knows none of them"},
	{"actions/...", []string{"analysis", "analysis/chart", "config", "actions/actiontest", "actions/web", "actions/cluster"}, "an action never reads a metric, nor knows that there are others"},
	{"cmd/haldane/api", []string{"analysis", "analysis/chart"}, "the face for machines speaks through ports"},
	{"cmd/haldane/ui", []string{"analysis", "analysis/chart"}, "the face for people speaks through ports"},
	{"cmd/haldane/daemon", []string{"analysis/...", "analysis", "config", "sources", "actions", "cmd/haldane/api", "cmd/haldane/ui"}, "it puts the house together"},
	{"cmd/haldane", []string{"analysis", "analysis/judge", "analysis/stats", "config", "cmd/haldane/daemon"}, "commands are thin"},
	{"cmd/haldane-bench/...", []string{"..."}, "benchmarks measure from outside, with everything"},
	{"cmd/haldane-bench", []string{"..."}, "benchmarks measure from outside, with everything"},
}

// bannedStd are packages of the standard library that a room must do without.
var bannedStd = []room{
	{"analysis", []string{"net", "net/http", "os", "database/sql", "log", "log/slog"}, "the vocabulary does nothing"},
	{"analysis/judge", []string{"net", "net/http", "os", "time.Now", "database/sql", "log", "log/slog", "math/rand", "math/rand/v2"}, "the judge is a pure function"},
	{"analysis/stats", []string{"net", "os", "log", "log/slog", "math/rand", "math/rand/v2", "time"}, "statistics are pure functions"},
}

// packages returns the imports of every package of the main module, tests left
// out, and whether it has a package comment.
func packages(t *testing.T) (imports map[string][]string, comment map[string]bool) {
	t.Helper()
	root := filepath.Join("..", "..")
	imports, comment = map[string][]string{}, map[string]bool{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			nested := p != root && fileExists(filepath.Join(p, "go.mod"))
			if nested || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && p != root {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(p))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		comment[pkg] = comment[pkg] || f.Doc != nil
		for _, i := range f.Imports {
			imports[pkg] = append(imports[pkg], strings.Trim(i.Path.Value, `"`))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(imports) < 10 {
		t.Fatalf("found %d packages only", len(imports))
	}
	return imports, comment
}

func fileExists(name string) bool {
	m, _ := filepath.Glob(name)
	return len(m) > 0
}

func matches(pattern, pkg string) bool {
	tree, isTree := strings.CutSuffix(pattern, "...")
	return pattern == pkg || isTree && strings.HasPrefix(pkg, tree)
}

func TestEveryPackageImportsWhatItMay(t *testing.T) {
	imports, _ := packages(t)
	for pkg, list := range imports {
		i := slices.IndexFunc(rooms, func(r room) bool { return matches(r.path, pkg) })
		if i < 0 {
			t.Errorf("package %s has no place in the house: say in house_test.go what it may import, and why", pkg)
			continue
		}
		for _, imp := range list {
			own, ok := strings.CutPrefix(imp, module)
			if ok && !slices.ContainsFunc(rooms[i].may, func(p string) bool { return matches(p, own) }) {
				t.Errorf("%s imports %s: %s", pkg, own, rooms[i].why)
			}
		}
		for _, ban := range bannedStd {
			for _, imp := range list {
				if ban.path == pkg && slices.Contains(ban.may, imp) {
					t.Errorf("%s imports %s: %s", pkg, imp, ban.why)
				}
			}
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	_, comment := packages(t)
	for pkg, has := range comment {
		if !has {
			t.Errorf("package %s has no package comment: one sentence a newcomer understands, what it may import, where to start reading", path.Base(pkg))
		}
	}
}
