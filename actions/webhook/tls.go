package webhook

import "github.com/haldane-dev/haldane/actions/web"

// TLS says how to speak TLS with the receiver.
type TLS = web.TLS
