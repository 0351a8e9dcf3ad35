# The image of a node. Unlike the default build it links Debian's libpq, which speaks TLS to PostgreSQL.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential libpq-dev pkg-config \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --no-default-features --bin yixun

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libpq5 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/yixun yixun \
 && install -d -o yixun -g yixun -m 0700 /var/lib/yixun /var/lib/yixun/keys
COPY --from=build /src/target/release/yixun /usr/local/bin/yixun
COPY --from=build /src/assets /opt/yixun/assets
WORKDIR /opt/yixun
USER yixun
ENV YIXUN_DATA_DIR=/var/lib/yixun YIXUN_LISTEN=0.0.0.0:8080 YIXUN_LOG_JSON=true
VOLUME /var/lib/yixun
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["yixun", "health"]
CMD ["yixun", "serve"]
