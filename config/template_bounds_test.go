package config_test

import (
	"strings"
	"testing"

	"github.com/haldane-dev/haldane/analysis"
	"github.com/haldane-dev/haldane/config"
)

// TestTemplatesEnd: a few lines that would fill the memory, or never end, are refused
// before they do.
func TestTemplatesEnd(t *testing.T) {
	again := func(step string) string {
		return `{{$a := "\\&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}` + strings.Repeat(step, 60) + "x"
	}
	body := func(text string) error {
		_, err := config.ParseBodyTemplate(text, "text/plain")
		return err
	}
	const large, loops = "larger than 8 MiB", "loops do not end"
	for _, c := range []struct {
		text, want string
		parse      []func(string) error
	}{
		{again(`{{$a = print $a $a}}`), large, []func(string) error{body, config.CheckQuery}},
		{again(`{{$a = println $a $a}}`), large, []func(string) error{body, config.CheckQuery}},
		{again(`{{$a = printf "%s%s" $a $a}}`), large, []func(string) error{body, config.CheckQuery}},
		{again(`{{$a = printf "%[1]q%[1]q" $a}}`), large, []func(string) error{body, config.CheckQuery}},
		{again(`{{$a = js $a $a}}`), large, []func(string) error{body, config.CheckQuery}},
		{again(`{{$a = html $a $a}}`), large, []func(string) error{body, config.CheckQuery}},
		{again(`{{$a = urlquery $a $a}}`), large, []func(string) error{body, config.CheckQuery}},
		{`{{printf "` + strings.Repeat(`%999999d`, 30) + `" 1}}`, large, []func(string) error{body, config.CheckQuery}},
		{`{{printf "%-[1]*d" 999999 1}}`, "a width that is another value", []func(string) error{body, config.CheckQuery}},
		{again(`{{$a = regex (print $a $a)}}`), large, []func(string) error{config.CheckQuery}},
		{again(`{{$a = replace "a" $a $a}}`), large, []func(string) error{body}},
		{again(`{{$a = json (json $a)}}`), large, []func(string) error{body}},
		{again(`{{$a = _query (print $a $a)}}`), large, []func(string) error{body}},
		{`{{range 9223372036854775807}}{{end}}`, loops, []func(string) error{body}},
		{strings.Repeat(`{{range 9999}}`, 9) + strings.Repeat(`{{end}}`, 9), loops, []func(string) error{body}},
	} {
		for _, parse := range c.parse {
			if err := parse(c.text); analysis.KindOf(err) != analysis.Invalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%.80s: error %v, want one about %q", c.text, err, c.want)
			}
		}
	}
}
