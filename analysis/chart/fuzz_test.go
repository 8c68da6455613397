package chart

import (
	"testing"

	"pgregory.net/rapid"
)

// FuzzDraw draws anything: see TestAnythingCanBeDrawn.
func FuzzDraw(f *testing.F) { f.Fuzz(rapid.MakeFuzz(anythingCanBeDrawn)) }
