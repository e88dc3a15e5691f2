package httpapi

import (
	"mime"
	"strconv"
	"strings"
)

// media is a media type of answers.
type media string

const (
	// mediaJSON is for clients that know nothing of GraphQL over HTTP: whatever GraphQL itself has to say is 200.
	mediaJSON media = "application/json"
	// mediaResponse tells a refused operation by its status.
	mediaResponse media = "application/graphql-response+json"
)

// contentType is the header's value.
func (m media) contentType() string { return string(m) + "; charset=utf-8" }

// negotiate chooses the answer's media type by the Accept headers (RFC 9110, 12.5.1); ok is false when the client
// takes neither. Between equals, a type that was named comes before one that a wildcard covers, and
// graphql-response+json, which only clients that know it name, before json, which wildcards mean.
func negotiate(accept []string) (chosen media, ok bool) {
	header := strings.Join(accept, ",")
	if strings.TrimSpace(header) == "" {
		return mediaJSON, true
	}
	var response, json preference
	for part := range strings.SplitSeq(header, ",") {
		name, params, err := mime.ParseMediaType(part)
		if err != nil || !isUTF8(params) {
			continue
		}
		response.consider(mediaResponse, name, params["q"])
		json.consider(mediaJSON, name, params["q"])
	}
	switch {
	case response.quality <= 0 && json.quality <= 0:
		return "", false
	case response.quality > json.quality,
		response.quality == json.quality && response.rank == named:
		return mediaResponse, true
	}
	return mediaJSON, true
}

// rank is how closely a range of the Accept header fits a media type; the closest decides its quality.
type rank int

const (
	unmentioned rank = iota
	anything         // */*
	family           // application/*
	named
)

type preference struct {
	rank    rank
	quality float64
}

func (p *preference) consider(m media, name, q string) {
	fit := unmentioned
	switch name {
	case "*/*":
		fit = anything
	case "application/*":
		fit = family
	case string(m):
		fit = named
	}
	if fit == unmentioned || fit < p.rank {
		return
	}
	p.rank, p.quality = fit, quality(q)
}

// quality reads a q parameter: 1 when there is none, 0, which refuses, when it is no quality.
func quality(q string) float64 {
	if q == "" {
		return 1
	}
	value, err := strconv.ParseFloat(q, 64)
	if err != nil || !(value >= 0 && value <= 1) {
		return 0
	}
	return value
}

// isUTF8 tells whether a media type's charset, if it has one, is the only one JSON has.
func isUTF8(params map[string]string) bool {
	charset, given := params["charset"]
	return !given || strings.EqualFold(charset, "utf-8")
}
