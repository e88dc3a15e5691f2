// Package present is what stands between GraphQL and the caller: the one exit for errors, the limits an operation
// must keep, and the authorities its fields ask for.
package present

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/reqinfo"
)

// ErrorPresenter makes the function through which every error of a response goes. What is no *apperr.Error and none
// of GraphQL's own errors becomes "internal error" with the request's id; the error itself goes to the log only.
func ErrorPresenter(log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		shown := &gqlerror.Error{Path: graphql.GetPath(ctx)}
		origin, isGraphQL := errors.AsType[*gqlerror.Error](err)
		if isGraphQL {
			shown.Path, shown.Locations = origin.Path, origin.Locations
		}
		if ours, ok := errors.AsType[*apperr.Error](err); ok {
			showOurs(ctx, log, shown, ours)
			if limit, ok := errors.AsType[*limitError](err); ok {
				shown.Extensions["limit"] = limit.name
			}
			return shown
		}
		if isGraphQL && (showGraphQL(shown, origin) || showInput(ctx, shown, origin)) {
			return shown
		}
		showInternal(ctx, log, shown, err)
		return shown
	}
}

// Recover makes the function that turns a panic into an internal error. It logs the stack: ErrorPresenter, through
// which the returned error goes, does not log it again.
func Recover(log *slog.Logger) graphql.RecoverFunc {
	return func(ctx context.Context, panicked any) error {
		log.ErrorContext(ctx, "panic", "request", reqinfo.From(ctx).ID, "panic", panicked, "stack", string(debug.Stack()))
		return errPanic
	}
}

var errPanic = errors.New("panic")

// CodeOf is the code a presented error carries.
func CodeOf(err *gqlerror.Error) apperr.Code {
	if code, ok := err.Extensions["code"].(apperr.Code); ok {
		return code
	}
	return apperr.Internal
}

// LimitOf names the limit that a presented error says was passed, "" for other errors.
func LimitOf(err *gqlerror.Error) string {
	limit, _ := err.Extensions["limit"].(string)
	return limit
}

// Refusal is the code for which a response was refused before anything ran; ok is false when it did run. Such a
// response has no data at all, whereas one whose data came out as null has those four letters there.
func Refusal(response *graphql.Response) (code apperr.Code, ok bool) {
	if response.Data != nil || len(response.Errors) == 0 {
		return "", false
	}
	return CodeOf(response.Errors[0]), true
}

// detail is one of several errors of the same input.
type detail struct {
	Code    apperr.Code `json:"code"`
	Message string      `json:"message"`
	Input   []string    `json:"input,omitempty"`
}

// showOurs shows an error made to be seen. Further errors of the same input join the message, and stand apart in
// extensions.errors for callers that mark single fields.
func showOurs(ctx context.Context, log *slog.Logger, shown *gqlerror.Error, ours *apperr.Error) {
	if ours.Code == apperr.Internal {
		showInternal(ctx, log, shown, ours)
		return
	}
	shown.Extensions = map[string]any{"code": ours.Code}
	if ours.Path != nil {
		shown.Extensions["input"] = ours.Path
	}
	if ours.Code == apperr.Conflict && ours.Version != 0 {
		shown.Extensions["version"] = ours.Version
	}
	all := ours.All()
	messages, details := make([]string, len(all)), make([]detail, len(all))
	for i, e := range all {
		messages[i], details[i] = e.Message, detail{e.Code, e.Message, e.Path}
	}
	shown.Message = strings.Join(messages, "; ")
	if len(all) > 1 {
		shown.Extensions["errors"] = details
	}
}

// tokenLimit begins the parser's message when the document has too many tokens: the parser has no error type for it.
const tokenLimit = "exceeded token limit of "

// showGraphQL translates what the parser and the validator say; ok is false when the error is none of theirs. Only
// the executor sets these codes, and their messages quote nothing but the document, the variables and the schema.
func showGraphQL(shown, origin *gqlerror.Error) (ok bool) {
	code, message := apperr.Validation, origin.Message
	switch origin.Extensions["code"] {
	case errcode.ParseFailed:
		code = apperr.Syntax
	case errcode.ValidationFailed:
	default:
		return false
	}
	shown.Extensions = map[string]any{"code": code}
	if number, over := strings.CutPrefix(message, tokenLimit); over {
		shown.Extensions = map[string]any{"code": apperr.TooLarge, "limit": "tokens"}
		message = "the document has more than " + number + " tokens, which is the limit"
	}
	if len(origin.Path) > 1 && origin.Path[0] == ast.PathName("variable") {
		// A path must lead into the response; this one leads into the variables.
		message = "$" + origin.Path[1:].String() + ": " + message
		shown.Path = nil
	}
	shown.Message = message
	return true
}

// showInput shows that an argument's value could not be read (by a scalar's Unmarshal function: the validator knows
// the built-in ones only). Such errors are the only ones whose path goes on below the field being resolved. Their
// text is whatever a library says about the value, so it is not repeated.
func showInput(ctx context.Context, shown, origin *gqlerror.Error) (ok bool) {
	field := graphql.GetFieldContext(ctx)
	if field == nil {
		return false
	}
	path := field.Path()
	if len(origin.Path) <= len(path) || origin.Path[:len(path)].String() != path.String() {
		return false
	}
	input := origin.Path[len(path):]
	shown.Path = path
	shown.Message = input.String() + ": not a value of the type asked for"
	shown.Extensions = map[string]any{"code": apperr.Validation, "input": input}
	return true
}

func showInternal(ctx context.Context, log *slog.Logger, shown *gqlerror.Error, err error) {
	id := reqinfo.From(ctx).ID
	shown.Message = "internal error"
	shown.Extensions = map[string]any{"code": apperr.Internal, "requestId": id}
	switch {
	case errors.Is(err, errPanic): // logged where it was caught
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded):
		shown.Message = "the request took too long"
		log.WarnContext(ctx, "request timed out", "request", id, "path", shown.Path.String(), "error", err)
	case errors.Is(err, context.Canceled) || ctx.Err() != nil:
		shown.Message = "the request was cancelled"
		log.DebugContext(ctx, "request cancelled", "request", id, "path", shown.Path.String(), "error", err)
	default:
		log.ErrorContext(ctx, "internal error", "request", id, "path", shown.Path.String(), "error", err)
	}
}
