package registration

import (
	"context"
	"time"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/enum"
)

// Options are how people register at a place.
type Options struct {
	How                         enum.RegistrationType
	ApplicationName, ClientName string
	SignsIn                     bool
	Suffix                      string        // of sub-domains; "" for none
	Digits                      int           // of a one-time password; 0 for none
	Lifetime                    time.Duration // of what is sent; 0 for nothing
}

// Options tells how people register at a place, for anybody. Errors: INVALID.
func (s *Service) Options(ctx context.Context, p Place) (*Options, error) {
	var errs apperr.Collector
	p.validate(&errs, "")
	if err := errs.Err(); err != nil {
		return nil, err
	}
	at, err := s.find(stranger(ctx), p)
	if err != nil {
		return nil, err
	}
	if at == nil {
		return &Options{How: enum.RegisterNone}, nil
	}
	o := &Options{How: at.how, ApplicationName: at.app.Name, ClientName: at.client.Name, SignsIn: at.signsIn, Suffix: at.suffix}
	if email, phone := proves(at.how); email || phone {
		o.Lifetime = at.lifetime
	}
	if at.how == enum.RegisterByEmail || at.how == enum.RegisterByPhone {
		o.Digits = at.digits
	}
	return o, nil
}
