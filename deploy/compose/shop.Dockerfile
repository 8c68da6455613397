# The image of the made-up shop that compose.yaml watches: the demo's, for a
# Prometheus of its own to scrape. Built from the root of the repository.

FROM golang:1.26-bookworm AS build
WORKDIR /src
ENV GOWORK=off CGO_ENABLED=0
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    go build -C cmd/haldane-demo -ldflags "-s -w" -o ../../image/shop .

FROM scratch
COPY --from=build /src/image/shop /shop
USER 65532:65532
EXPOSE 8081
ENTRYPOINT ["/shop"]
CMD ["--shop", ":8081"]
