# docker build -t paylink .
# Two stages: Rust builds, Debian's smallest runs. scripts/image.sh does the same steps without a container engine.
FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY . .
RUN cargo build --locked --release --bin paylink

FROM debian:bookworm-slim
# The base moves with its security updates, and so do these.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --home-dir /var/lib/paylink --create-home --shell /usr/sbin/nologin paylink
COPY --from=build /source/target/release/paylink /usr/bin/paylink
USER 10001:10001
WORKDIR /var/lib/paylink
# Everything else can be read-only: --read-only --tmpfs /tmp --volume paylink:/var/lib/paylink
VOLUME /var/lib/paylink
ENV PAYLINK_LISTEN=0.0.0.0:8080 PAYLINK_DATA_DIR=/var/lib/paylink PAYLINK_LOG_FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["/usr/bin/paylink", "healthy"]
ENTRYPOINT ["/usr/bin/paylink"]
CMD ["api"]
