package cursor_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/appanage/appanage/graph/cursor"
)

func TestCursorRoundTripsAndIsBound(t *testing.T) {
	codec := cursor.NewCodec([]byte("0123456789abcdef0123456789abcdef"))
	rapid.Check(t, func(t *rapid.T) {
		binding, other := rapid.String().Draw(t, "binding"), rapid.String().Draw(t, "other")
		want := cursor.Position{Value: rapid.String().Draw(t, "value"), ID: rapid.String().Draw(t, "id")}
		text := codec.Encode(binding, want)
		if got, err := codec.Decode(binding, text); err != nil || got != want {
			t.Fatalf("decoded %+v, %v; want %+v", got, err, want)
		}
		if _, err := codec.Decode(other, text); (err == nil) != (other == binding) {
			t.Fatalf("a cursor of %q under %q: %v", binding, other, err)
		}
		cut := rapid.IntRange(0, len(text)-1).Draw(t, "cut")
		if _, err := codec.Decode(binding, text[:cut]); err == nil {
			t.Fatalf("a cursor torn at %d was accepted", cut)
		}
		stranger := cursor.NewCodec([]byte("another key of thirty-two bytes!"))
		if _, err := stranger.Decode(binding, text); err == nil {
			t.Fatal("a cursor under another key was accepted")
		}
	})
}
