# Who may do what: the whole list, which tests/deploy/test_terraform.py holds. A role without a
# slash is one of ours, of deploy/gcp/roles.
locals {
  accounts = {
    landing   = "Reads Kafka, writes the lake."
    dagster   = "Loads the lake into BigQuery, builds the models; webserver, daemon and runs."
    dashboard = "Shows published tables and the lake's records."
    eventsim  = "Sends simulated events to Kafka."
  }

  on_project = {
    landing = concat(
      var.uses_managed_kafka ? ["roles/managedkafka.client"] : [],
      var.uses_dataproc ? ["roles/dataproc.worker"] : [],
    )
    dagster = concat(
      ["builder_jobs"],
      var.uses_dataproc ? ["landing_starter"] : [],
      var.uses_vm ? ["roles/logging.logWriter", "roles/monitoring.metricWriter"] : [],
    )
    dashboard = ["builder_jobs"]
    eventsim  = var.uses_managed_kafka ? ["roles/managedkafka.client"] : []
  }

  on_bucket = {
    landing = ["landing"]
    dagster = var.dagster_changes_lake ? ["landing"] : ["lake_reader"]
  }

  # What the dashboard reads of the lake, by what the names begin and end with: how landing is doing,
  # no event and no hash of a user. `_live/` holds more: the open minutes' user ids.
  lake_records = [
    { begins = "_lake.json" },
    { begins = "_report.json" },
    { begins = "_progress/" },
    { begins = "_health/" },
    { begins = "_live/", ends = "/minutes.parquet" },
  ]

  records = [
    for each in local.lake_records : join(" && ", concat(
      ["resource.name.startsWith(\"projects/_/buckets/${var.bucket}/objects/lake/${each.begins}\")"],
      [for end in try([each.ends], []) : "resource.name.endsWith(\"${end}\")"],
    ))
  ]

  on_datasets = {
    dagster = { builder = ["raw", "staging", "marts", "reporting", "reconciliation", "catalogue"] }
    # Never raw or staging: they are personal.
    dashboard = { reader = ["marts", "reporting", "reconciliation"] }
  }

  # Of these, those that there are.
  on_secrets = {
    landing = ["kafka-password-landing", "suppression-key", "alert-webhook", "serving-postgres-url"]
    dagster = concat(
      ["pseudonym-key", "suppression-key", "alert-webhook", "dagster-postgres-url"],
      # Only to erase users; this user of Postgres may change all that landing wrote.
      var.dagster_changes_lake ? ["serving-postgres-url"] : [],
    )
    dashboard = ["dashboard-password", "dashboard-postgres-url"]
    eventsim  = ["kafka-password-eventsim"]
  }
}
