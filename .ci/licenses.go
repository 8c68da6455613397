// Licenses writes deploy/LICENSES.txt: every module that is part of the binary on any
// system, its licence, and the texts that the licences want to go along. Licences that
// are not on the list of allowed ones are an error.
//
//	go run .ci/licenses.go          # writes it
//	go run .ci/licenses.go -check   # wants it to be up to date
package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

const (
	target = "deploy/LICENSES.txt"
	self   = "github.com/haldane-dev/haldane"
)

// systems are those that binaries are made for.
var systems = []string{"linux/amd64", "linux/arm64", "darwin/arm64", "windows/amd64"}

// known are the licences that are allowed, by words that only they have; the first that
// fits counts.
var known = []struct{ name, words string }{
	{"FTL", `freetype-go software is subject to your choice of exactly one.*freetype license`}, // or the GPL: the choice is ours
	{"MPL-2.0", `mozilla public license,? version 2\.0`},
	{"Apache-2.0", `apache license,? version 2\.0`},
	{"OFL-1.1", `sil open font license version 1\.1`},
	{"CC-BY-4.0", `creative commons attribution 4\.0`},
	{"Unlicense", `this is free and unencumbered software released into the public domain`},
	{"public domain", `(dedicated|dedicates|committed) .{0,60}to the public domain|author disclaims copyright`},
	{"BSD-3-Clause", `redistribution and use in source and binary forms.*(neither the name|names? of .{0,80}may not be used|nor the names)`},
	{"BSD-2-Clause", `redistribution and use in source and binary forms`},
	{"ISC", `permission to use, copy, modify, and(/or)? distribute this software for any purpose`},
	{"MIT", `permission is hereby granted, free of charge`},
}

// copyleft is the title of a licence that no part of the binary may have.
var copyleft = regexp.MustCompile(`(?mi)^\W*gnu (affero |lesser |library )?general public license\W*$`)

// collections hold texts of others beside a module's own licence: they go along.
var collections = regexp.MustCompile(`(?i)(3rd|third)[-_ ]?party|notice`)

// texts are the files that go along.
var texts = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|copyright|notice|patents|ftl)([-._].*)?$`)

type module struct {
	path, version, dir string
	folders            map[string]bool // of its packages that are part of the binary
}

func main() {
	check := flag.Bool("check", false, "want the file to be up to date, write nothing")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "licenses:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	modules, err := linked()
	if err != nil {
		return err
	}
	out, err := render(modules)
	if err != nil {
		return err
	}
	if !check {
		return os.WriteFile(target, out, 0o644)
	}
	have, err := os.ReadFile(target)
	if err != nil || !bytes.Equal(have, out) {
		return fmt.Errorf("%s is not up to date (try: go run .ci/licenses.go)", target)
	}
	fmt.Printf("%d modules, all allowed\n", len(modules))
	return nil
}

// linked lists the modules whose packages are part of the binary on some system.
func linked() ([]*module, error) {
	const format = `{{with .Module}}{{.Path}}|{{.Version}}|{{.Dir}}|{{$.Dir}}{{end}}`
	found := map[string]*module{}
	for _, system := range systems {
		goos, arch, _ := strings.Cut(system, "/")
		cmd := exec.Command("go", "list", "-deps", "-f", format, "./cmd/haldane")
		cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+arch)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list on %s: %w", system, err)
		}
		for line := range strings.Lines(string(out)) {
			f := strings.Split(strings.TrimSpace(line), "|")
			if len(f) != 4 || f[0] == self {
				continue
			}
			if found[f[0]] == nil {
				found[f[0]] = &module{f[0], f[1], f[2], map[string]bool{}}
			}
			for dir := f[3]; strings.HasPrefix(dir, f[2]); dir = filepath.Dir(dir) {
				found[f[0]].folders[dir] = true
			}
		}
	}
	root := runtime.GOROOT() //nolint:staticcheck // the one that runs this is the one that builds
	all := []*module{{"Go and its standard library", "", root, map[string]bool{root: true}}}
	for _, m := range found {
		all = append(all, m)
	}
	slices.SortFunc(all[1:], func(a, b *module) int { return cmp.Compare(a.path, b.path) })
	return all, nil
}

// render makes the file: a list, then each text once with the modules that it is for.
func render(modules []*module) ([]byte, error) {
	var list, rest bytes.Buffer
	owners := map[string][]string{}
	var order, wrong []string
	for _, m := range modules {
		files, err := m.texts()
		if err != nil {
			return nil, err
		}
		var names []string
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			plain := strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n"))
			name := ""
			if !collections.MatchString(filepath.Base(file)) {
				name = licence(plain)
			}
			if copyleft.MatchString(plain) {
				wrong = append(wrong, fmt.Sprintf("%s: %s has a licence of GNU", m.path, filepath.Base(file)))
			}
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
			if owners[plain] == nil {
				order = append(order, plain)
			}
			owners[plain] = append(owners[plain], strings.TrimSpace(m.path+" "+m.version))
		}
		if len(names) == 0 {
			wrong = append(wrong, m.path+": no licence that is known")
		}
		fmt.Fprintf(&list, "%-60s %s\n", strings.TrimSpace(m.path+" "+m.version), strings.Join(names, ", "))
	}
	for _, text := range order {
		slices.Sort(owners[text])
		fmt.Fprintf(&rest, "\n%s\n%s\n\n%s\n", strings.Repeat("=", 100), strings.Join(slices.Compact(owners[text]), "\n"), text)
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("these may not be part of the binary:\n%s", strings.Join(wrong, "\n"))
	}
	head := "Haldane is licensed under Apache-2.0. Its binary also has parts of these, under their own licences.\n" +
		"Made by: go run .ci/licenses.go. The sources of each are at https://proxy.golang.org/<module>/@v/<version>.zip.\n\n"
	return slices.Concat([]byte(head), list.Bytes(), rest.Bytes()), nil
}

// texts lists the files of a module that go along: beside the packages that are part of
// the binary, and above them.
func (m *module) texts() ([]string, error) {
	var files []string
	for dir := range m.folders {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.Type().IsRegular() && texts.MatchString(e.Name()) && !strings.HasSuffix(e.Name(), ".go") {
				files = append(files, filepath.Join(dir, e.Name()))
			}
		}
	}
	slices.Sort(files)
	return files, nil
}

var space = regexp.MustCompile(`[\s*#/]+`)

// licence names the licence of a text; "" when it is none that is known.
func licence(text string) string {
	plain := space.ReplaceAllString(strings.ToLower(text), " ")
	for _, k := range known {
		if regexp.MustCompile(k.words).MatchString(plain) {
			return k.name
		}
	}
	return ""
}
