package deploy

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// copy copies files of another stage, or those of the context that .dockerignore
// lets through.
func (b *builder) copy(img *image, c *instructions.CopyCommand) error {
	dest := c.DestPath
	if !path.IsAbs(dest) {
		dest = path.Join(img.workdir, dest) + strings.Repeat("/", len(dest)-len(strings.TrimRight(dest, "/")))
	}
	files, from := []string(nil), b.repository
	if c.From != "" {
		stage, ok := b.stages[c.From]
		if !ok {
			return fmt.Errorf("no stage %q", c.From)
		}
		from = stage.root
	} else {
		var err error
		if files, err = contextFiles(b.repository); err != nil {
			return err
		}
	}
	for _, src := range c.SourcePaths {
		into := img.root + dest
		if strings.HasSuffix(dest, "/") {
			into = filepath.Join(into, path.Base(src))
		}
		if err := copyTree(from, src, into, files, c.From != ""); err != nil {
			return err
		}
		if err := chown(into, c.Chown); err != nil {
			return err
		}
	}
	return nil
}

// copyTree copies a file or folder. What a stage does not have comes from its base
// image, for which this machine stands.
func copyTree(from, src, into string, files []string, stage bool) error {
	at := filepath.Join(from, src)
	if _, err := os.Stat(at); stage && errors.Is(err, fs.ErrNotExist) {
		at = src
	}
	return filepath.WalkDir(at, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(at, p)
		if err != nil {
			return err
		}
		to := filepath.Join(into, rel)
		if d.IsDir() {
			if !stage && p != at && !slices.ContainsFunc(files, func(f string) bool { return strings.HasPrefix(f, filepath.ToSlash(rel)+"/") }) {
				return filepath.SkipDir
			}
			return os.MkdirAll(to, 0o755)
		}
		if !stage && !slices.Contains(files, filepath.ToSlash(rel)) {
			return nil
		}
		return copyFile(p, to)
	})
}

func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, b, info.Mode().Perm())
}

func chown(name, owner string) error {
	if owner == "" || os.Getuid() != 0 {
		return nil
	}
	uid, gid, _ := strings.Cut(owner, ":")
	u, err := strconv.Atoi(uid)
	g, err2 := strconv.Atoi(cmp.Or(gid, uid))
	if err := errors.Join(err, err2); err != nil {
		return fmt.Errorf("chown %s: only numbers exist in scratch: %w", owner, err)
	}
	return os.Chown(name, u, g)
}

// contextFiles are the files of the repository that .dockerignore lets through.
func contextFiles(repository string) ([]string, error) {
	f, err := os.Open(filepath.Join(repository, ".dockerignore"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	patterns, err := ignorefile.ReadAll(f)
	if err != nil {
		return nil, err
	}
	ignored, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, err
	}
	var files []string
	err = filepath.WalkDir(repository, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(repository, p)
		if err != nil || rel == "." {
			return err
		}
		if rel == ".git" {
			return filepath.SkipDir
		}
		skip, err := ignored.MatchesOrParentMatches(filepath.ToSlash(rel))
		if err == nil && !skip && !d.IsDir() {
			files = append(files, filepath.ToSlash(rel))
		}
		return err
	})
	return files, err
}
