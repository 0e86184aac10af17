// Command client calls a Volcengine Live through the vendor's own Go SDK: a JSON command a line on stdin, what came of it
// on stdout.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"time"

	"github.com/volcengine/volc-sdk-golang/base"
	live "github.com/volcengine/volc-sdk-golang/service/live/v20230101"
)

type command struct {
	Host, AccessKeyID, SecretAccessKey, SessionToken, Action string

	Body json.RawMessage
}

type outcome struct {
	Returned any    `json:"returned,omitempty"`
	Raised   string `json:"raised,omitempty"`
}

func call[Body, Answer any](body json.RawMessage, method func(context.Context, *Body) (*Answer, error)) outcome {
	request := new(Body)
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(request); err != nil {
		log.Fatalf("The SDK's type cannot hold the body: %v", err)
	}
	answer, err := method(context.Background(), request)
	if err != nil {
		return outcome{Raised: err.Error()}
	}
	return outcome{Returned: answer}
}

func perform(command command) outcome {
	client := live.NewInstance()
	client.SetHost(command.Host)
	client.SetScheme("http")
	client.SetAccessKey(command.AccessKeyID)
	client.SetSecretKey(command.SecretAccessKey)
	client.SetSessionToken(command.SessionToken)
	// Once more, at once: what the SDK repeats shows what it takes for passing.
	times, interval := uint64(1), time.Millisecond
	client.SetRetrySettings(&base.RetrySettings{AutoRetry: true, RetryTimes: &times, RetryInterval: &interval})
	switch command.Action {
	case "DeleteCert":
		return call(command.Body, client.DeleteCert)
	case "ListCertV2":
		return call(command.Body, client.ListCertV2)
	case "ListDomainDetail":
		return call(command.Body, client.ListDomainDetail)
	}
	log.Fatalf("There is no action %q.", command.Action)
	return outcome{}
}

func main() {
	for _, api := range live.ApiListInfo {
		api.Retry.AutoRetry = true
	}
	commands, outcomes := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var command command
		if err := commands.Decode(&command); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := outcomes.Encode(perform(command)); err != nil {
			log.Fatal(err)
		}
	}
}
