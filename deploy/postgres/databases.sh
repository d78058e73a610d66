#!/bin/sh
# Run once, when Postgres makes its data: a database and a user for serving and one for Dagster,
# and a user who reads. Passwords go through variables of psql, which quotes them.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 \
  --set=musicflow="$MUSICFLOW_POSTGRES_PASSWORD" \
  --set=dagster="$DAGSTER_POSTGRES_PASSWORD" \
  --set=dashboard="$DASHBOARD_POSTGRES_PASSWORD" \
  --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
create role musicflow login password :'musicflow';
create role dagster login password :'dagster';
create role dashboard login password :'dashboard';
create database musicflow owner musicflow encoding 'UTF8' template template0;
create database dagster owner dagster encoding 'UTF8' template template0;
revoke all on database musicflow, dagster from public;
grant connect on database musicflow to dashboard;
SQL
