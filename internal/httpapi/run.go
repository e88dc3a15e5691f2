package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// grace is how long requests in flight may still take when the server is told to stop.
const grace = 25 * time.Second

// Run serves until ctx ends, then takes no more connections, lets the requests in flight finish, for a while, and
// returns. The end of ctx does not reach those requests. The error says that serving or stopping went wrong.
func Run(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second, // a bundle of 2 MiB over a slow line
		WriteTimeout:      60 * time.Second, // counts from the header's end: reading, running and writing
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10, // holds a document sent by GET
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	log.InfoContext(ctx, "listening", "address", listener.Addr().String())

	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.InfoContext(ctx, "stopping")
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := server.Shutdown(stopping)
	if err != nil {
		err = errors.Join(err, server.Close())
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
