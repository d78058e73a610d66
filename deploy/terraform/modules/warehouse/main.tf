locals {
  # As musicflow_dagster/warehouse/bigquery/tables.py makes them where they lack.
  datasets = {
    raw            = "Events as they landed, each once; an hour is replaced whole."
    staging        = "Cleaned events and what lies between; personal: not for readers."
    marts          = "Facts and dimensions."
    reporting      = "A table for each view of the dashboard."
    reconciliation = "The accounts of loads and builds."
    catalogue      = "What listeners can choose from."
  }

  milliseconds_per_day = 24 * 60 * 60 * 1000
}

resource "google_bigquery_dataset" "this" {
  #checkov:skip=CKV_GCP_81:Keys of the project's own are a choice (kms_key); by default Google encrypts with its keys.
  for_each = local.datasets

  dataset_id                      = "${var.prefix}${each.key}"
  description                     = each.value
  location                        = var.location
  max_time_travel_hours           = tostring(var.time_travel_hours)
  default_partition_expiration_ms = try(var.partition_days[each.key] * local.milliseconds_per_day, null)
  delete_contents_on_destroy      = false

  labels = {
    managed_by = "musicflow"
    layer      = each.key
  }

  dynamic "default_encryption_configuration" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      kms_key_name = default_encryption_configuration.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}
