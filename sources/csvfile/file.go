package csvfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/haldane-dev/haldane/analysis"
)

const (
	// maxFile is the largest file that is read.
	maxFile = 64 << 20
	// maxKept bounds the files, in bytes, that are kept after they were read.
	maxKept = 2 * maxFile
)

// kept is a file as it was when it was read.
type kept struct {
	info  fs.FileInfo
	table *table
}

// same reports whether a file is the one that was read, and has not changed.
func (k kept) same(info fs.FileInfo) bool {
	return os.SameFile(k.info, info) && k.info.Size() == info.Size() && k.info.ModTime().Equal(info.ModTime())
}

// settled is how long ago a file must have changed to be kept: within the same tick of
// the file system's clock it could change once more, and not be seen to.
const settled = 2 * time.Second

// place returns the folder and the name of the file that a query means.
func (s *Source) place(named string) (folder, name string, wrong *analysis.Error) {
	path := s.config.Path
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", "", unreadable("path "+path, err)
	case info.IsDir() && named == "":
		return "", "", analysis.Errorf(analysis.Invalid, "the query names no file, and path is a folder").WithHint("checkout.csv: p99")
	case info.IsDir():
		return path, named, nil
	case named != "" && named != filepath.Base(path):
		return "", "", analysis.Errorf(analysis.Invalid, "the query names file %s, but path is file %s", named, filepath.Base(path)).
			WithHint("a folder as path")
	}
	return filepath.Dir(path), filepath.Base(path), nil
}

// table returns a file, which is read when it has changed.
func (s *Source) table(named string) (t *table, name string, wrong *analysis.Error) {
	folder, name, wrong := s.place(named)
	if wrong != nil {
		return nil, name, wrong
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, name, unreadable("folder "+folder, err)
	}
	defer func() { _ = root.Close() }()
	info, err := root.Stat(name)
	switch {
	case err != nil:
		return nil, name, unreadable("file "+name, err)
	case !info.Mode().IsRegular():
		return nil, name, analysis.Errorf(analysis.Invalid, "file %s is no ordinary file", name)
	}
	if k, ok := s.kept[name]; ok && k.same(info) {
		return k.table, name, nil
	}
	t, wrong = s.read(root, name)
	return t, name, wrong
}

// read reads a file, and keeps it.
func (s *Source) read(root *os.Root, name string) (*table, *analysis.Error) {
	file, err := root.Open(name)
	if err != nil {
		return nil, unreadable("file "+name, err)
	}
	defer func() { _ = file.Close() }()
	before, err := file.Stat()
	if err != nil {
		return nil, unreadable("file "+name, err)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, unreadable("file "+name, err)
	}
	if len(content) > maxFile {
		return nil, analysis.Errorf(analysis.Invalid, "file %s is larger than %d MiB", name, maxFile>>20).
			WithHint("a file for each month, or day")
	}
	after, err := file.Stat()
	if err != nil || !(kept{info: before}).same(after) {
		return nil, analysis.Errorf(analysis.Unavailable, "file %s has changed while it was read", name).
			WithHint("another name while it is written, and rename it then").Because(err)
	}
	t, wrong := readTable(content, s.config)
	if wrong != nil {
		wrong.Message = "file " + name + ": " + wrong.Message
		return nil, wrong
	}
	if time.Since(after.ModTime()) > settled {
		s.keep(name, kept{after, t})
	}
	return t, nil
}

// keep keeps a file, and forgets the others when they are too many.
func (s *Source) keep(name string, k kept) {
	total := k.info.Size()
	for other, old := range s.kept {
		if other != name {
			total += old.info.Size()
		}
	}
	if s.kept == nil || total > maxKept {
		s.kept = map[string]kept{}
	}
	s.kept[name] = k
}

// there reports what is wrong with the folder, or with the file if it is one.
func (s *Source) there() *analysis.Error {
	info, err := os.Stat(s.config.Path)
	if err != nil {
		return unreadable("path "+s.config.Path, err)
	}
	if info.IsDir() {
		return nil
	}
	_, _, wrong := s.table("")
	return wrong
}

// unreadable puts an error of the file system into plain words.
func unreadable(what string, err error) *analysis.Error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return analysis.Errorf(analysis.Invalid, "%s is not there", what).Because(err)
	case strings.Contains(err.Error(), "escapes"): // os.Root has no name for it
		return analysis.Errorf(analysis.Invalid, "%s leads out of its folder", what).Because(err)
	case errors.Is(err, fs.ErrPermission):
		return analysis.Errorf(analysis.Denied, "%s may not be read", what).Because(err)
	}
	return analysis.Errorf(analysis.Unavailable, "%s cannot be read", what).Because(err)
}
