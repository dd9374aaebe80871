// A server made of go-smtp, which writes each mail and its envelope into a folder.
package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

type backend struct{ user, password, folder string }

type session struct {
	of         *backend
	from       string
	recipients []string
}

func (b *backend) Login(_ *smtp.ConnectionState, user, password string) (smtp.Session, error) {
	if user != b.user || password != b.password {
		return nil, errors.New("Invalid username or password")
	}
	return &session{of: b}, nil
}

func (b *backend) AnonymousLogin(_ *smtp.ConnectionState) (smtp.Session, error) {
	return nil, smtp.ErrAuthRequired
}

func (s *session) Mail(from string, _ smtp.MailOptions) error { s.from = from; return nil }

func (s *session) Rcpt(to string) error {
	if strings.HasPrefix(to, "refused@") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody of that name"}
	}
	s.recipients = append(s.recipients, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s/%d", s.of.folder, time.Now().UnixNano())
	envelope := strings.Join(append([]string{s.from}, s.recipients...), "\n") + "\n"
	if err = os.WriteFile(name+".envelope", []byte(envelope), 0o644); err != nil {
		return err
	}
	if err = os.WriteFile(name+".part", text, 0o644); err != nil {
		return err
	}
	return os.Rename(name+".part", name+".eml")
}

func (s *session) Reset()        { s.from, s.recipients = "", nil }
func (s *session) Logout() error { return nil }

func serve(b *backend, address string, config *tls.Config, wrapped bool) {
	server := smtp.NewServer(b)
	server.Addr, server.Domain, server.TLSConfig = address, "localhost", config
	server.ReadTimeout, server.WriteTimeout = 2*time.Second, 10*time.Second
	server.MaxMessageBytes, server.MaxRecipients = 1000000, 50
	var err error
	if wrapped {
		err = server.ListenAndServeTLS()
	} else {
		err = server.ListenAndServe()
	}
	fmt.Println(err)
	os.Exit(1)
}

func main() {
	a := os.Args
	pair, err := tls.LoadX509KeyPair(a[3], a[4])
	if err != nil {
		panic(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	b := &backend{a[5], a[6], a[7]}
	go serve(b, a[1], config, false)
	serve(b, a[2], config, true)
}
