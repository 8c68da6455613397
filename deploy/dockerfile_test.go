package deploy

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// image is what a Dockerfile makes: a folder that holds its files, and how to run them.
type image struct {
	root       string // its / on this machine
	base       string // of its last stage
	env        map[string]string
	labels     map[string]string
	entrypoint []string
	cmd        []string
	user       string
	workdir    string
	volumes    []string
	ports      []string
	warnings   []string // of BuildKit's linter
}

// builder does what a Dockerfile says, without Docker: the last stage's folder
// begins empty, as scratch does; in a stage FROM golang the commands run with the
// machine's own Go, in a folder that stands for the stage's /.
type builder struct {
	repository string            // the build's context
	dir        string            // where stages are put
	args       map[string]string // --build-arg, and what BuildKit gives by itself
	stages     map[string]*image
}

// buildImage builds a Dockerfile of the repository.
func buildImage(repository, dockerfile, dir string, args map[string]string) (*image, error) {
	b := &builder{repository: repository, dir: dir, stages: map[string]*image{}, args: map[string]string{
		"BUILDPLATFORM": "linux/" + runtime.GOARCH, "TARGETOS": "linux", "TARGETARCH": runtime.GOARCH,
	}}
	maps.Copy(b.args, args)
	f, err := os.Open(filepath.Join(repository, dockerfile))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	parsed, err := parser.Parse(f)
	if err != nil {
		return nil, err
	}
	var warnings []string
	for _, w := range parsed.Warnings {
		warnings = append(warnings, w.Short)
	}
	lint := linter.New(&linter.Config{Warn: func(name, _, _, msg string, at []parser.Range) {
		warnings = append(warnings, fmt.Sprintf("%s: %s %v", name, msg, at))
	}})
	stages, _, err := instructions.Parse(parsed.AST, lint)
	if err != nil {
		return nil, err
	}
	var last *image
	for i, s := range stages {
		if last, err = b.stage(s); err != nil {
			return nil, fmt.Errorf("%s: stage %d: %w", dockerfile, i, err)
		}
		b.stages[cmp.Or(s.Name, strconv.Itoa(i))] = last
	}
	last.warnings = warnings
	return last, nil
}

func (b *builder) stage(s instructions.Stage) (*image, error) {
	img := &image{base: s.BaseName, env: map[string]string{}, labels: map[string]string{}, workdir: "/"}
	img.root = filepath.Join(b.dir, strconv.Itoa(len(b.stages)))
	if err := os.Mkdir(img.root, 0o755); err != nil {
		return nil, err
	}
	declared := map[string]string{} // ARGs of this stage
	lex := shell.NewLex('\\')
	expand := func(word string) (string, error) {
		word, _, err := lex.ProcessWord(word, shell.EnvsFromSlice(environ(declared, img.env)))
		return word, err
	}
	for _, c := range s.Commands {
		if e, ok := c.(instructions.SupportsSingleWordExpansion); ok {
			if err := e.Expand(expand); err != nil {
				return nil, err
			}
		}
		if err := b.do(img, c, declared); err != nil {
			return nil, fmt.Errorf("%v: %w", c, err)
		}
	}
	return img, nil
}

// do does one instruction. One that it does not know is an error.
func (b *builder) do(img *image, command instructions.Command, declared map[string]string) error {
	switch c := command.(type) {
	case *instructions.ArgCommand:
		for _, a := range c.Args {
			declared[a.Key] = cmp.Or(b.args[a.Key], a.ValueString())
		}
	case *instructions.EnvCommand:
		for _, kv := range c.Env {
			img.env[kv.Key] = kv.Value
		}
	case *instructions.LabelCommand:
		for _, kv := range c.Labels {
			img.labels[kv.Key] = kv.Value
		}
	case *instructions.WorkdirCommand:
		img.workdir = path.Join(img.workdir, c.Path)
		return os.MkdirAll(img.root+img.workdir, 0o755)
	case *instructions.UserCommand:
		img.user = c.User
	case *instructions.VolumeCommand:
		img.volumes = append(img.volumes, c.Volumes...)
	case *instructions.ExposeCommand:
		img.ports = append(img.ports, c.Ports...)
	case *instructions.EntrypointCommand:
		img.entrypoint = c.CmdLine
	case *instructions.CmdCommand:
		img.cmd = c.CmdLine
	case *instructions.RunCommand:
		return run(img, c.CmdLine, declared)
	case *instructions.CopyCommand:
		return b.copy(img, c)
	default:
		return errors.New("an instruction that this test does not know")
	}
	return nil
}

// environ makes an environment of variables; those of the last win.
func environ(vars ...map[string]string) []string {
	all := map[string]string{}
	for _, m := range vars {
		maps.Copy(all, m)
	}
	var out []string
	for k, v := range all {
		out = append(out, k+"="+v)
	}
	return out
}

// run runs a shell command in a stage.
func run(img *image, line []string, declared map[string]string) error {
	if img.base == "scratch" {
		return errors.New("there is no shell in scratch")
	}
	cmd := exec.Command("sh", "-ec", strings.Join(line, " "))
	cmd.Dir = img.root + img.workdir
	cmd.Env = append(os.Environ(), environ(declared, img.env)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}
