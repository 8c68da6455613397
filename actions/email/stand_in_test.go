package email

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// standIn speaks SMTP in the clear, and misbehaves where a real server cannot be made
// to. It answers each command as told, or as a server does that takes everything.
type standIn struct {
	net.Listener

	silent chan struct{} // each time that it begins not to answer

	mu      sync.Mutex
	answers map[string]string // by the first word of a command; "" hangs up, "..." never answers
	mails   []string
	heard   []string
}

func newStandIn(t *testing.T, answers map[string]string) *standIn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &standIn{Listener: l, answers: answers, silent: make(chan struct{}, 16)}
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				stop := make(chan struct{})
				go func() {
					select {
					case <-done:
						_ = conn.Close()
					case <-stop:
					}
				}()
				s.talk(conn)
				close(stop)
				_ = conn.Close()
			})
		}
	})
	t.Cleanup(wg.Wait)
	t.Cleanup(func() { close(done); _ = l.Close() })
	return s
}

func (s *standIn) address() string { return s.Addr().String() }

// talk is one conversation.
func (s *standIn) talk(conn net.Conn) {
	in := bufio.NewReader(conn)
	if !s.say(conn, "greeting", "220 mail.example.com ESMTP") {
		return
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		command, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		command = strings.ToUpper(command)
		s.mu.Lock()
		s.heard = append(s.heard, command)
		s.mu.Unlock()
		usual := map[string]string{"EHLO": "250-mail.example.com\r\n250 8BITMIME", "DATA": "354 go on", "QUIT": "221 bye"}[command]
		if usual == "" {
			usual = "250 ok"
		}
		if !s.say(conn, command, usual) {
			return
		}
		if command == "DATA" && !s.data(conn, in) {
			return
		}
	}
}

// data takes a mail.
func (s *standIn) data(conn net.Conn, in *bufio.Reader) bool {
	var b strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(line)
	}
	s.mu.Lock()
	s.mails = append(s.mails, b.String())
	s.mu.Unlock()
	return s.say(conn, "mail", "250 queued as 1")
}

// say answers; false ends the conversation.
func (s *standIn) say(conn net.Conn, command, usual string) bool {
	s.mu.Lock()
	answer, told := s.answers[command]
	s.mu.Unlock()
	switch {
	case !told:
		answer = usual
	case answer == "":
		return false
	case answer == "...":
		s.silent <- struct{}{}
		_, _ = conn.Read(make([]byte, 1)) // until it is closed, or something comes that does not fit
		return false
	case answer == "endless":
		for {
			if _, err := conn.Write([]byte(strings.Repeat("x", 32<<10))); err != nil {
				return false
			}
		}
	}
	_, err := fmt.Fprintf(conn, "%s\r\n", answer)
	return err == nil
}

func (s *standIn) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.mails...)
}

func (s *standIn) commands() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.heard, " ")
}
