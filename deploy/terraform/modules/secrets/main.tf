# Containers alone: values are added by hand and stay out of Terraform's state (docs/terraform.md).
resource "google_secret_manager_secret" "this" {
  for_each = var.secrets

  secret_id   = "${var.name}-${each.key}"
  annotations = { purpose = each.value }

  # A value that was replaced can be brought back for a day.
  version_destroy_ttl = "86400s"

  replication {
    user_managed {
      replicas {
        location = var.region

        dynamic "customer_managed_encryption" {
          for_each = var.kms_key == null ? [] : [var.kms_key]
          content {
            kms_key_name = customer_managed_encryption.value
          }
        }
      }
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Who read which secret, and when.
resource "google_project_iam_audit_config" "secrets" {
  project = var.project
  service = "secretmanager.googleapis.com"

  audit_log_config {
    log_type = "DATA_READ"
  }
}
