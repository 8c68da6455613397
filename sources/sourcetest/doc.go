// Package sourcetest holds Exercise: what every source must do, whatever vendor it
// reads from. Missing, null, NaN, infinite, empty and zero stay six things; errors
// have the right kind and hold no secret; asking again, giving up and sharing are
// done as the house does them.
//
// A vendor's test describes how its server speaks (a Vendor); Exercise stands that
// behind a real HTTP server and does the rest, proxies that fail included. No case
// is left out unless the vendor's test says why its protocol cannot have it.
//
// It imports analysis and config, and is used by tests only. Start reading at
// vendor.go; the cases are in samples.go, series.go, trouble.go, manners.go and
// optional.go.
package sourcetest
