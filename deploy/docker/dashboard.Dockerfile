# The dashboard: its pages, contracts, and what reads the published tables.
# Build it from the repository's root; the base has no default, so that its bytes are named:
#   docker build -f deploy/docker/dashboard.Dockerfile --build-arg PYTHON_IMAGE=… .
# `python3 -m local.deploy_env` looks up which; docs/deploy.md tells how to do so by hand.
ARG PYTHON_IMAGE

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
COPY deploy/docker/dashboard.lock /locks/
RUN python -m venv --without-pip /opt/venv \
 && python -m pip --python /opt/venv/bin/python install --require-hashes --only-binary :all: \
      -r /locks/dashboard.lock
COPY contracts /app/contracts
COPY dashboard /app/dashboard
COPY deploy/docker/healthy.py /app/
RUN /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /app

FROM ${PYTHON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="MusicFlow dashboard" \
      org.opencontainers.image.description="The published tables as pages" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN python -m pip uninstall --yes pip setuptools wheel \
 && groupadd --gid 10001 musicflow \
 && useradd --uid 10001 --gid 10001 --shell /usr/sbin/nologin --home-dir /var/lib/musicflow musicflow \
 && install -d -o 10001 -g 10001 /var/lib/musicflow /var/lib/musicflow/lake /var/lib/musicflow/snapshot
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    MUSICFLOW_HOME=/var/lib/musicflow MUSICFLOW_DASHBOARD_HOST=0.0.0.0
WORKDIR /app
USER 10001:10001
STOPSIGNAL SIGTERM
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
  CMD ["python", "/app/healthy.py", "http", "http://127.0.0.1:8501/_stcore/health"]
ENTRYPOINT ["python", "-m", "dashboard"]
CMD ["--log-json"]
