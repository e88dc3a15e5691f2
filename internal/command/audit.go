package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/appanage/appanage/internal/audit"
	"github.com/appanage/appanage/internal/config"
	"github.com/appanage/appanage/internal/hub"
	"github.com/appanage/appanage/internal/identity"
)

// AuditVerify checks the whole trail of changes.
type AuditVerify struct {
	config.Database
	config.Secret

	Expect string `help:"The mark that an earlier check printed: finds that the whole trail was replaced by another one." placeholder:"NUMBER:HMAC"`
}

// Run implements the command.
func (c *AuditVerify) Run(ctx context.Context) (err error) {
	keys, err := c.KeysFor(c.URL())
	if err != nil {
		return err
	}
	mark, err := c.mark()
	if err != nil {
		return err
	}
	h, err := hub.Open(ctx, c.URL(), identity.DefaultSessionLimits)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	report, err := audit.NewSealer(h.DB, keys.Key("audit")).Verify(ctx, mark)
	if err != nil {
		return err
	}
	for _, fault := range report.Faults {
		fmt.Println(fault)
	}
	if report.Sealed > 0 {
		fmt.Printf("sealed up to event %d of %s; %d wait to be sealed\n", report.Sealed, report.Until.UTC().Format(time.RFC3339Nano), report.Waiting)
		fmt.Printf("to check against this later: --expect %d:%s\n", report.Sealed, report.Last)
	} else {
		fmt.Printf("nothing is sealed yet; %d wait to be sealed\n", report.Waiting)
	}
	if len(report.Faults) > 0 {
		return errors.New("the trail is not what was sealed")
	}
	fmt.Println("the trail is whole")
	return nil
}

// mark reads --expect; nil where it is absent.
func (c *AuditVerify) mark() (*audit.Mark, error) {
	if c.Expect == "" {
		return nil, nil
	}
	number, mac, ok := strings.Cut(c.Expect, ":")
	seal, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || mac == "" {
		return nil, fmt.Errorf("--expect: %q is not NUMBER:HMAC, as an earlier check printed it", c.Expect)
	}
	return &audit.Mark{Seal: seal, MAC: mac}, nil
}
