package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/appanage/appanage/ent/auditevent"
	"github.com/appanage/appanage/internal/store"
)

// statements is how many SQL statements each of the two runs for one request, once it knows the caller; begin and
// commit are not counted.
type statements [2]float64

// verify has both targets answer every request of a scenario once. The data of the answers to reads must be the same
// byte for byte; each write must leave its audit event.
func (s *system) verify(ctx context.Context, sc scenario) (statements, error) {
	var counted statements
	if sc.kind == floor {
		return counted, nil
	}
	events, err := s.events(ctx)
	if err != nil {
		return counted, err
	}
	for i := range sc.hub {
		var answers [2]answer
		for t, target := range s.target {
			if answers[t], err = s.ask(ctx, target, target.requests(sc)[i]); err != nil {
				return counted, fmt.Errorf("%s, %s: %w", sc.name, target.name, err)
			}
			counted[t] += float64(answers[t].statements) / float64(len(sc.hub))
		}
		if sc.kind == reads && !bytes.Equal(answers[0].data, answers[1].data) {
			return counted, fmt.Errorf("%s: the answers differ\nhub:     %s\nby hand: %s", sc.name, answers[0].data, answers[1].data)
		}
	}
	if sc.kind == writes {
		err = s.grown(ctx, events, 2*len(sc.hub))
	}
	return counted, err
}

// grown tells whether there are so many more audit events than there were.
func (s *system) grown(ctx context.Context, before, by int) error {
	now, err := s.events(ctx)
	if err == nil && now-before != by {
		err = fmt.Errorf("%d writes left %d audit events", by, now-before)
	}
	return err
}

func (s *system) events(ctx context.Context) (int, error) {
	return s.hub.DB.Ent().AuditEvent.Query().Where(auditevent.Operation("applicationPropertiesSet")).Count(platform(ctx))
}

// answer is what a request brought, and took.
type answer struct {
	data       json.RawMessage
	statements int
}

// ask sends a request straight to a handler, which has just been made to know the caller.
func (s *system) ask(ctx context.Context, t target, r request) (answer, error) {
	if _, err := s.send(ctx, t, t.requests(pointReads(s.world))[0]); err != nil {
		return answer{}, err
	}
	byHand := s.hand.Statements()
	ctx, counter := store.WithCounter(ctx)
	data, err := s.send(ctx, t, r)
	return answer{data, counter.Statements() + s.hand.Statements() - byHand}, err
}

// send gives the data of the answer to a request.
func (s *system) send(ctx context.Context, t target, r request) (json.RawMessage, error) {
	req := httptest.NewRequestWithContext(ctx, r.method, r.path, bytes.NewReader(r.body))
	req.Header.Set("Authorization", "Bearer "+s.world.token)
	req.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	t.handler.ServeHTTP(recorder, req)
	var answer struct{ Data, Errors json.RawMessage }
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil || recorder.Code != http.StatusOK || answer.Errors != nil {
		return nil, fmt.Errorf("%s %s: %d %s", r.method, r.path, recorder.Code, recorder.Body)
	}
	return answer.Data, nil
}
