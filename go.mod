module github.com/haldane-dev/haldane

go 1.26.8
