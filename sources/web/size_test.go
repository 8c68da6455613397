package web

import (
	"testing"

	"github.com/haldane-dev/haldane/analysis"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "17": 17, "17B": 17, "1KiB": 1024, "16MiB": 16 << 20, " 16 MiB ": 16 << 20, "2GiB": 2 << 30,
		"1kB": 1000, "1KB": 1000, "3MB": 3e6, "1GB": 1e9,
	} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q is %d, error %v, want %d", text, got, err, want)
		}
		var again Size
		printed, _ := got.MarshalText()
		if err := again.UnmarshalText(printed); err != nil || again != got {
			t.Errorf("%q is printed as %s, which is %d, error %v", text, printed, again, err)
		}
	}
	for _, text := range []string{"", "MiB", "-1MiB", "1.5MiB", "16 miles", "16mib", "9999999999GiB", "0x10"} {
		got := Size(7)
		if err := got.UnmarshalText([]byte(text)); analysis.KindOf(err) != analysis.Invalid || got != 7 {
			t.Errorf("%q is %d, error %v, want an invalid one and no change", text, got, err)
		}
	}
	for size, want := range map[Size]string{0: "0B", 1023: "1023B", 1 << 10: "1KiB", 1536: "1536B", 16 << 20: "16MiB", 3 << 30: "3GiB"} {
		if got := size.String(); got != want {
			t.Errorf("%d prints as %s, want %s", size, got, want)
		}
	}
}
