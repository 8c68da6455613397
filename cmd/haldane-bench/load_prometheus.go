package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// loadPrometheus is the Prometheus stand-in of "load", in a process of its own. It shares
// the machine with the daemon that is measured, so it does as little as it can: HTTP by
// hand, one buffer a connection, numbers from a hash of query and time.
type loadPrometheus struct {
	queries atomic.Int64
	delay   atomic.Int64 // of every answer, in nanoseconds
}

// Its own pages, beside query_range.
const (
	countPage = "/-/queries"
	delayPage = "/-/delay?" // followed by a duration
)

// loadPrometheusCommand serves until its process is killed, and prints where.
func loadPrometheusCommand(ctx context.Context, _ []string, s streams) (int, error) {
	runtime.GOMAXPROCS(1)
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return exitTrouble, err
	}
	fmt.Fprintf(s.out, "http://%s\n", l.Addr())
	p := &loadPrometheus{}
	for {
		conn, err := l.Accept()
		if err != nil {
			return exitTrouble, err
		}
		go p.serve(ctx, conn)
	}
}

// serve answers the requests of one connection.
func (p *loadPrometheus) serve(ctx context.Context, conn net.Conn) {
	defer func() { _ = conn.Close() }()
	r, out := bufio.NewReaderSize(conn, 16<<10), make([]byte, 0, 16<<10)
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		out = p.answer(out[:0], line)
		for len(bytes.TrimSpace(line)) > 0 { // the headers say nothing that matters
			if line, err = r.ReadSlice('\n'); err != nil {
				return
			}
		}
		if d := time.Duration(p.delay.Load()); d > 0 && pause(ctx, d) != nil {
			return
		}
		if _, err := conn.Write(out); err != nil {
			return
		}
	}
}

// answer appends the whole answer to a request. Queries that are too long for an address
// are posted first, and sent again by GET when that is refused.
func (p *loadPrometheus) answer(out, request []byte) []byte {
	method, rest, _ := bytes.Cut(request, []byte(" "))
	target, _, _ := bytes.Cut(rest, []byte(" "))
	status, body := "200 OK", func(out []byte) []byte { return out }
	path, params, _ := bytes.Cut(target, []byte("?"))
	switch {
	case string(method) != "GET":
		status = "405 Method Not Allowed\r\nConnection: close"
	case bytes.HasSuffix(path, []byte("/query_range")):
		p.queries.Add(1)
		body = func(out []byte) []byte { return appendMatrix(out, params) }
	case string(path) == countPage:
		body = func(out []byte) []byte { return strconv.AppendInt(out, p.queries.Load(), 10) }
	case bytes.HasPrefix(target, []byte(delayPage)):
		d, _ := time.ParseDuration(string(params))
		p.delay.Store(int64(d))
	default:
		status = "404 Not Found"
	}
	const room = 10 // for the length, which is known when the body is there
	out = append(out, "HTTP/1.1 "...)
	out = append(out, status...)
	out = append(out, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	at := len(out)
	out = append(out, strings.Repeat(" ", room)+"\r\n\r\n"...)
	start := len(out)
	out = body(out)
	length := strconv.Itoa(len(out) - start)
	copy(out[at+room-len(length):], length)
	return out
}

// appendMatrix appends the answer to the parameters of a range query.
func appendMatrix(out, params []byte) []byte {
	var query []byte
	var start, end, step float64
	for len(params) > 0 {
		var pair []byte
		pair, params, _ = bytes.Cut(params, []byte("&"))
		name, value, _ := bytes.Cut(pair, []byte("="))
		switch string(name) {
		case "query":
			query = value
		case "start":
			start, _ = strconv.ParseFloat(string(value), 64)
		case "end":
			end, _ = strconv.ParseFloat(string(value), 64)
		case "step":
			step, _ = strconv.ParseFloat(string(value), 64)
		}
	}
	kind, seed := kindOfLoad(query), hashOf(query)
	out = append(out, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[`...)
	for i := 0; step > 0 && start+float64(i)*step <= end+step/1000; i++ {
		if i > 0 {
			out = append(out, ',')
		}
		at := start + float64(i)*step
		out = append(out, '[')
		out = strconv.AppendFloat(out, at, 'f', -1, 64)
		out = append(out, `,"`...)
		out = kind.append(out, mixed(seed^uint64(int64(at))))
		out = append(out, `"]`...)
	}
	return append(out, `]}]}}`...)
}

// loadKind is what a query asks for, by words that the plans of "load" have in them.
type loadKind struct {
	events, total bool // else it is a latency
	bad           bool // of a release that must fail
}

func kindOfLoad(query []byte) loadKind {
	return loadKind{
		events: bytes.Contains(query, []byte("code")), total: bytes.Contains(query, []byte("requests_total")),
		bad: bytes.Contains(query, []byte(badVersion)),
	}
}

// append appends a value that the bits decide: a latency of 100 with noise of 8 %, about
// 2,000 requests, 4 of them in error; five times that where it is bad.
func (k loadKind) append(out []byte, bits uint64) []byte {
	factor := 1.0
	if k.bad {
		factor = 5
	}
	switch {
	case k.events:
		return strconv.AppendInt(out, poisson(4*factor, bits), 10)
	case k.total:
		return strconv.AppendInt(out, 2000+int64(bits%100), 10)
	}
	// The sum of four uniform numbers is nearly normal; its variance is a third.
	sum := 0.0
	for range 4 {
		sum += float64(bits&0xffff) / 0xffff
		bits >>= 16
	}
	return strconv.AppendFloat(out, factor*(100+8*math.Sqrt(3)*(sum-2)), 'f', 1, 64)
}

// poisson is the number of events, of so many expected, that bits stand for.
func poisson(mean float64, bits uint64) int64 {
	u := float64(bits>>11) / (1 << 53)
	k, p := int64(0), math.Exp(-mean)
	for ; u > p && k < 100; k++ {
		u -= p
		p *= mean / float64(k+1)
	}
	return k
}

// hashOf is FNV-1a.
func hashOf(text []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range text {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}

// mixed makes a number of which every bit depends on all of x (splitmix64).
func mixed(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
