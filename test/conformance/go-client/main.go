// Command client calls a Volcengine Live through the vendor's own Go SDK.
package main

import (
	live "github.com/volcengine/volc-sdk-golang/service/live/v20230101"
)

func main() {
	_ = live.NewInstance()
}
