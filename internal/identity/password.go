package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/appanage/appanage/internal/apperr"
	"github.com/appanage/appanage/internal/fold"
)

// Argon2id with 19 MiB and two passes: OWASP's second recommendation, some 20 ms of one core. At most two run at
// once, so that a storm of sign-ins holds 38 MiB and two cores, not the machine (domain 2.1).
const (
	memoryKiB  = 19 << 10
	passes     = 2
	lanes      = 1
	saltBytes  = 16
	hashBytes  = 32
	atOnce     = 2
	hashPrefix = "$argon2id$v=19$m=19456,t=2,p=1$"
)

// Lengths of passwords, in characters (domain 2.6).
const (
	ShortestPassword = 12
	LongestPassword  = 256
)

var working = make(chan struct{}, atOnce)

//go:embed common-passwords.txt
var commonList string

// common is the list of the commonest passwords that are long enough, folded.
var common = sync.OnceValue(func() map[string]struct{} {
	set := map[string]struct{}{}
	for line := range strings.Lines(commonList) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			set[fold.Key(line)] = struct{}{}
		}
	}
	return set
})

// checkPassword: long enough, not endless, none of the commonest; no rules of composition (domain 2.6).
func checkPassword(password string) *apperr.Error {
	switch n := utf8.RuneCountInString(password); {
	case n < ShortestPassword:
		return apperr.At("input.password", apperr.Invalid, "a password has at least %d characters", ShortestPassword)
	case n > LongestPassword:
		return apperr.At("input.password", apperr.Invalid, "a password has at most %d characters", LongestPassword)
	}
	if _, ok := common()[fold.Key(password)]; ok {
		return apperr.At("input.password", apperr.Invalid, "this is one of the commonest passwords: take another")
	}
	return nil
}

// hashPassword makes the stored form, which carries its salt and parameters.
func hashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("identity: salt: %w", err)
	}
	sum, err := derive(ctx, password, salt)
	if err != nil {
		return "", err
	}
	return hashPrefix + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(sum), nil
}

// decoy is verified against where there is no hash, so that an unknown identifier costs what a known one does.
const decoy = hashPrefix + "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// verifyPassword compares in constant time. A password over the limit is derived from its head: as costly, and
// never right.
func verifyPassword(ctx context.Context, password, stored string) (bool, error) {
	tooLong := utf8.RuneCountInString(password) > LongestPassword
	if tooLong {
		password = password[:LongestPassword]
	}
	rest, known := strings.CutPrefix(stored, hashPrefix)
	salt64, sum64, _ := strings.Cut(rest, "$")
	salt, saltErr := base64.RawStdEncoding.DecodeString(salt64)
	want, sumErr := base64.RawStdEncoding.DecodeString(sum64)
	if !known || saltErr != nil || sumErr != nil {
		return false, fmt.Errorf("identity: a stored password hash cannot be read")
	}
	got, err := derive(ctx, password, salt)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && !tooLong && stored != decoy, nil
}

func derive(ctx context.Context, password string, salt []byte) ([]byte, error) {
	select {
	case working <- struct{}{}:
		defer func() { <-working }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(password), salt, passes, memoryKiB, lanes, hashBytes), nil
}
