# The image of the daemon: one static program, nothing else to run in it, no root.
#
#   docker build -t haldane --build-arg VERSION=1.2.3 .
#   docker run -p 127.0.0.1:8080:8080 -v haldane:/data -v ./haldane.yaml:/etc/haldane/haldane.yaml:ro haldane
#
# Beyond this machine the daemon listens only when its config has tokens.

FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
# Only the main module: the modules of the demo and of the tests stay outside.
ENV GOWORK=off CGO_ENABLED=0
COPY . .
ARG TARGETOS TARGETARCH VERSION
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags "-s -w -X main.release=$VERSION" -o image/haldane ./cmd/haldane
# scratch has no users and no folders; a volume takes over the owner of its folder.
RUN mkdir image/data \
    && echo 'haldane:x:65532:65532:Haldane:/data:/sbin/nologin' > image/passwd \
    && echo 'haldane:x:65532:' > image/group

FROM scratch
ARG VERSION
LABEL org.opencontainers.image.title="Haldane" \
      org.opencontainers.image.description="Automated release analysis and rollback" \
      org.opencontainers.image.source="https://github.com/haldane-dev/haldane" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/image/passwd /src/image/group /etc/
COPY --from=build --chown=65532:65532 /src/image/data /data
COPY --from=build /src/image/haldane /haldane
# The licences of all that is in it, as they want it.
COPY LICENSE deploy/LICENSES.txt /
ENV HALDANE_CONFIG=/etc/haldane/haldane.yaml \
    HALDANE_DATABASE=sqlite:/data/haldane.db \
    HALDANE_LISTEN=:8080
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
# SQLite puts what does not fit into memory here: there is no /tmp.
WORKDIR /data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/haldane"]
CMD ["serve"]
