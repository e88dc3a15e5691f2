package bundle

import (
	"crypto/hmac"
	"strconv"
	"strings"
	"time"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/digest"
	"github.com/appanage/appanage/internal/oid"
)

// ticketTerm is how long a download can be begun.
const ticketTerm = 5 * time.Minute

// Ticket is what a download stands on: that this session was allowed to export this application. Whether it still is, is
// decided anew when it comes.
type Ticket struct {
	Application oid.Application
	Session     oid.Session
	ExpiresAt   time.Time
}

// ErrNoDownload answers for every ticket that does not work, whatever is wrong with it.
func ErrNoDownload() error {
	return apperr.New(apperr.NotFound, "there is no such download, or no longer")
}

// write makes the text of a ticket.
func (t Ticket) write(key []byte) string {
	fields := []string{string(t.Application), string(t.Session), strconv.FormatInt(t.ExpiresAt.UnixMicro(), 10)}
	return strings.Join(append(fields, digest.MAC(key, fields...)), ".")
}

// ReadTicket reads a ticket that is made by this platform and has not expired, and is of the session that asks, "" for one
// that does not say.
func (s *Service) ReadTicket(text string, by oid.Session) (Ticket, error) {
	fields := strings.Split(text, ".")
	if len(fields) != 4 || !hmac.Equal([]byte(digest.MAC(s.Key, fields[:3]...)), []byte(fields[3])) {
		return Ticket{}, ErrNoDownload()
	}
	micros, err := strconv.ParseInt(fields[2], 10, 64)
	t := Ticket{oid.Application(fields[0]), oid.Session(fields[1]), time.UnixMicro(micros).UTC()}
	if err != nil || !s.Clock.Now().Before(t.ExpiresAt) || by != "" && by != t.Session {
		return Ticket{}, ErrNoDownload()
	}
	return t, nil
}
