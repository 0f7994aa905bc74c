# docker build -t portcullis . && docker run --rm -v "$PWD:/src:ro" portcullis scan
# portcullis:ignore docker-unpinned-base -- a rebuild is to bring what Debian mended
FROM rust:1.95-slim-trixie AS build
WORKDIR /build
COPY . .
RUN cargo install --locked --path . --root /out

# portcullis:ignore docker-unpinned-base -- the same
# portcullis:ignore docker-no-healthcheck -- a command, no service
FROM debian:trixie-slim
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/bin/portcullis /usr/local/bin/
USER 65532:65532
WORKDIR /src
ENTRYPOINT ["portcullis"]
CMD ["scan"]
