# Dagster: the code location and its runs; web interface and daemon by another command.
# Build it from the repository's root; the base has no default, so that its bytes are named:
#   docker build -f deploy/docker/dagster.Dockerfile --build-arg PYTHON_IMAGE=… .
# `python3 -m local.deploy_env` looks up which; docs/deploy.md tells how to do so by hand.
ARG PYTHON_IMAGE

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
COPY deploy/docker/build.lock deploy/docker/dagster.lock /locks/
# PySpark alone comes as sources; what builds it is pinned too.
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --require-hashes --only-binary :all: \
      -r /locks/build.lock \
 && python -m pip --python /opt/venv/bin/python install --require-hashes --only-binary :all: \
      --no-binary pyspark --no-build-isolation -r /locks/dagster.lock
COPY contracts /app/contracts
COPY musicflow_dagster /app/musicflow_dagster
COPY dbt_project /app/dbt_project
# Jobs that work on the lake (replays, retention, files, erasures) start `python -m streaming`.
COPY streaming /app/streaming
COPY workspace.yaml deploy/docker/healthy.py /app/
COPY deploy/dagster /app/deploy/dagster
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /app

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="MusicFlow Dagster" \
      org.opencontainers.image.description="Builds the warehouse hour by hour, with Dagster and dbt" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN python -m pip uninstall --yes pip setuptools wheel \
 && groupadd --gid 10001 musicflow \
 && useradd --uid 10001 --gid 10001 --shell /usr/sbin/nologin --home-dir /var/lib/musicflow musicflow \
 && install -d -o 10001 -g 10001 /var/lib/musicflow /var/lib/musicflow/lake /var/lib/musicflow/snapshot /var/lib/musicflow/dagster
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    MUSICFLOW_HOME=/var/lib/musicflow DAGSTER_HOME=/var/lib/musicflow/dagster
WORKDIR /app
USER 10001:10001
STOPSIGNAL SIGTERM
EXPOSE 3000 4000
HEALTHCHECK --interval=30s --timeout=10s --start-period=180s --retries=3 \
  CMD ["python", "/app/healthy.py", "grpc", "127.0.0.1:4000"]
CMD ["dagster", "api", "grpc", "--host", "0.0.0.0", "--port", "4000", "--module-name", "musicflow_dagster.definitions"]
