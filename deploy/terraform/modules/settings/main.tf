locals {
  # How a client is let in (docs/security.md); Google's Kafka takes accounts by this way alone.
  protocol  = var.uses_managed_kafka ? "SASL_SSL" : join("_", compact([var.kafka_has_passwords ? "SASL" : "", var.kafka_has_tls ? "SSL" : "PLAINTEXT"]))
  mechanism = var.uses_managed_kafka ? "PLAIN" : var.kafka_sasl_mechanism
  asks_who  = startswith(local.protocol, "SASL_")

  kafka = merge(
    {
      KAFKA_BOOTSTRAP_SERVERS = var.kafka
      KAFKA_SECURITY_PROTOCOL = local.protocol
    },
    local.asks_who ? {
      KAFKA_SASL_MECHANISM = local.mechanism
      KAFKA_SASL_USERNAME  = var.kafka_user
    } : {},
  )

  # Who has no user is not told of a Kafka that asks for one: every command would ask it for a password.
  everybody = merge(
    {
      MUSICFLOW_TARGET            = "gcp"
      GOOGLE_CLOUD_PROJECT        = var.project
      MUSICFLOW_BIGQUERY_LOCATION = var.location
      MUSICFLOW_DATASET_PREFIX    = var.dataset_prefix
      MUSICFLOW_LAKE              = var.lake
      MUSICFLOW_CHECKPOINTS       = var.checkpoints
    },
    local.asks_who ? {} : local.kafka,
    var.dataproc_region == null ? {} : { MUSICFLOW_DATAPROC_REGION = var.dataproc_region },
    var.dataproc_cluster == null ? {} : { MUSICFLOW_DATAPROC_CLUSTER = var.dataproc_cluster },
  )

  landing = merge(local.everybody, local.kafka)
}
