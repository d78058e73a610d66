resource "google_managed_kafka_cluster" "this" {
  cluster_id = var.name
  location   = var.region

  capacity_config {
    vcpu_count   = tostring(var.cpus)
    memory_bytes = tostring(var.memory_gib * 1024 * 1024 * 1024)
  }

  gcp_config {
    kms_key = var.kms_key

    access_config {
      network_configs {
        subnet = var.subnetwork
      }
    }
  }

  rebalance_config {
    mode = "AUTO_REBALANCE_ON_SCALE_UP"
  }
}

resource "google_managed_kafka_topic" "this" {
  for_each = toset(local.topics)

  topic_id           = each.value
  cluster            = google_managed_kafka_cluster.this.cluster_id
  location           = var.region
  partition_count    = var.partitions
  replication_factor = 3

  configs = {
    "cleanup.policy"      = "delete"
    "retention.ms"        = tostring(var.retention_hours * 60 * 60 * 1000)
    "min.insync.replicas" = "2"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_managed_kafka_acl" "this" {
  for_each = local.permissions

  acl_id   = each.key
  cluster  = google_managed_kafka_cluster.this.cluster_id
  location = var.region

  dynamic "acl_entries" {
    for_each = each.value
    content {
      principal       = acl_entries.value.principal
      operation       = acl_entries.value.operation
      permission_type = "ALLOW"
      host            = "*"
    }
  }
}
