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

// statements is how many SQL statements each target runs for one request, once it knows the caller; begin and commit
// are not counted.
type statements [targets]float64

// verify has all targets answer every request of a scenario once. The data of the answers to reads must be the same
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
	count := len(sc.requests[byHandTarget])
	for i := range count {
		var answers [targets]answer
		for t := range targets {
			if answers[t], err = s.ask(ctx, t, sc.as, sc.requests[t][i]); err != nil {
				return counted, fmt.Errorf("%s, %s: %w", sc.name, names[t], err)
			}
			counted[t] += float64(answers[t].statements) / float64(count)
			if sc.kind == reads && !bytes.Equal(answers[0].data, answers[t].data) {
				return counted, fmt.Errorf("%s: the answers differ\n%s: %s\n%s: %s", sc.name, names[0], answers[0].data, names[t], answers[t].data)
			}
		}
	}
	if sc.kind == writes {
		err = s.grown(ctx, events, targets*count)
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

// ask sends a request straight to a target, which has just been made to know the caller.
func (s *system) ask(ctx context.Context, t int, as caller, r request) (answer, error) {
	if _, err := s.send(ctx, t, as, pointReads(s.world).requests[t][0]); err != nil {
		return answer{}, err
	}
	byHand := s.hand.Statements()
	ctx, counter := store.WithCounter(ctx)
	data, err := s.send(ctx, t, as, r)
	return answer{data, counter.Statements() + s.hand.Statements() - byHand}, err
}

// send gives the data of the answer to a request.
func (s *system) send(ctx context.Context, t int, as caller, r request) (json.RawMessage, error) {
	req := httptest.NewRequestWithContext(ctx, r.method, r.path, bytes.NewReader(r.body))
	req.Header.Set("Authorization", "Bearer "+as.token())
	req.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	s.handler[t].ServeHTTP(recorder, req)
	var answer struct{ Data, Errors json.RawMessage }
	if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil || recorder.Code != http.StatusOK || answer.Errors != nil {
		return nil, fmt.Errorf("%s %s: %d %s", r.method, r.path, recorder.Code, recorder.Body)
	}
	return answer.Data, nil
}
