package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// spent is what processes have used up since they began.
type spent struct {
	cpu     time.Duration
	written int64 // bytes
}

func (u spent) plus(v spent) spent  { return spent{u.cpu + v.cpu, u.written + v.written} }
func (u spent) minus(v spent) spent { return spent{u.cpu - v.cpu, u.written - v.written} }

// machine reads how much CPU time all processes of the machine have used up together.
func machine() (time.Duration, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	var sum time.Duration
	for i, field := range strings.Fields(line)[1:] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		if i < 3 || i == 5 || i == 6 { // user, nice, system and interrupts; not idle, waiting or stolen
			sum += time.Duration(n) * tick
		}
	}
	return sum, nil
}

// tick is the unit of times in /proc/PID/stat: USER_HZ, which is 100 on every Linux.
const tick = time.Second / 100

// usageOf reads what a process has used up, and its children that have ended.
func usageOf(pid int) (spent, error) {
	f, err := statOf(pid)
	if err != nil {
		return spent{}, err
	}
	var u spent
	for _, field := range f.times {
		u.cpu += time.Duration(field) * tick
	}
	io, err := keyed(pid, "io", "write_bytes")
	u.written = io
	return u, err
}

// usageOfAll reads what a process and its living children have used up.
func usageOfAll(pid int) (spent, error) {
	sum, err := usageOf(pid)
	if err != nil {
		return sum, err
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return sum, err
	}
	for _, dir := range all {
		child, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if f, err := statOf(child); err != nil || f.parent != pid {
			continue // it ended meanwhile, or is somebody else's
		}
		if u, err := usageOf(child); err == nil {
			sum = sum.plus(u)
		}
	}
	return sum, nil
}

type procStat struct {
	parent int
	times  [4]int64 // user and system, its own and of children that ended
}

func statOf(pid int) (procStat, error) {
	var s procStat
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return s, err
	}
	// The name, in brackets, may have spaces and brackets in it.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 15 {
		return s, fmt.Errorf("/proc/%d/stat: it has %d fields only", pid, len(fields))
	}
	if s.parent, err = strconv.Atoi(fields[1]); err != nil {
		return s, err
	}
	for i := range s.times {
		if s.times[i], err = strconv.ParseInt(fields[11+i], 10, 64); err != nil {
			return s, err
		}
	}
	return s, nil
}

// memoryOf reads the resident memory of a process, in bytes: now, and the most it had.
func memoryOf(pid int) (now, most int64, err error) {
	if now, err = keyed(pid, "status", "VmRSS"); err != nil {
		return 0, 0, err
	}
	most, err = keyed(pid, "status", "VmHWM")
	return now * 1024, most * 1024, err
}

// keyed reads the number behind "key:" in a file of a process.
func keyed(pid int, file, key string) (int64, error) {
	name := fmt.Sprintf("/proc/%d/%s", pid, file)
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), key+":"); ok {
			return strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("%s: it has no %s", name, key)
}
