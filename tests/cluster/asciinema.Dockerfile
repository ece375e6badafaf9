# asciinema 3 for a host without Rust; see asciinema3.py. The program is static, because Debian trixie's libc is
# newer than that of the host; with --target the flags leave the compiler's own macros alone.
FROM docker.io/library/debian:trixie-slim
ARG VERSION
RUN apt-get update -q \
    && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends cargo gcc libc6-dev rustc
RUN --mount=type=secret,id=ca CARGO_HTTP_CAINFO=/run/secrets/ca RUSTFLAGS='-C target-feature=+crt-static' \
    cargo install asciinema --version "$VERSION" --locked --root /out \
    --target "$(rustc -vV | sed -n 's/^host: //p')"
