# Objects go by the lake's own retention (MUSICFLOW_RETENTION_DAYS), which knows the manifests. No
# rule here deletes what is current, and no retention policy forbids landing to remove leftovers.
resource "google_storage_bucket" "lake" {
  #checkov:skip=CKV_GCP_62:Reads and writes are told by Cloud Audit Logs (docs/terraform.md), which name the caller; a log bucket would have to log itself.
  name                        = var.bucket
  location                    = var.location
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false

  versioning {
    enabled = true
  }

  # Versions do what soft deletion does, and end sooner: what is erased must go.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    condition {
      days_since_noncurrent_time = var.noncurrent_days
      with_state                 = "ARCHIVED"
    }
    action {
      type = "Delete"
    }
  }

  # Uploads in parts that a killed writer left.
  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}
