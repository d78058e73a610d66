#!/bin/sh
# Pins what each image holds: the versions and hashes of requirements.lock, and no others.
set -eu
cd "$(dirname "$0")"
for station in build dagster dashboard eventsim streaming; do
  uv pip compile "$station.in" --constraint ../../requirements.lock --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet \
    --output-file "$station.lock"
done
