# The daemon as an unprivileged user. It writes to /var/lib/bulkhead alone, so `docker run --read-only` suits it.
#
#   docker build -t bulkhead .
#   docker run --read-only -v bulkhead:/var/lib/bulkhead -v "$PWD/config.yaml:/etc/bulkhead/config.yaml:ro" bulkhead
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /opt/bulkhead
COPY bulkhead ./
COPY requirements/core.txt requirements/
COPY trading trading
COPY brokers brokers
COPY strategies strategies
COPY daemon daemon
# The first start makes the environment, each package checked by its hash; later ones need not write.
RUN ./bulkhead --yes --version && python3 -m compileall -q trading brokers strategies daemon

FROM ${BASE}
COPY --from=build /opt/bulkhead /opt/bulkhead
COPY config.yaml /etc/bulkhead/config.yaml
RUN ln -s /opt/bulkhead/bulkhead /usr/local/bin/bulkhead \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/bulkhead
ENV BULKHEAD_STATE=/var/lib/bulkhead
WORKDIR /var/lib/bulkhead
USER 10001:10001
VOLUME /var/lib/bulkhead
STOPSIGNAL SIGTERM
ENTRYPOINT ["bulkhead"]
CMD ["run", "-c", "/etc/bulkhead/config.yaml"]
