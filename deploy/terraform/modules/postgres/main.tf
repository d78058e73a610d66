# Dagster's memory, and what is served. Users and their passwords are made by hand, so that no
# password is in Terraform's state (docs/terraform.md).
resource "google_sql_database_instance" "this" {
  #checkov:skip=CKV_GCP_6:Connections are encrypted or refused (ENCRYPTED_ONLY); clients know themselves by password, for none of ours sends a certificate.
  name                = var.name
  region              = var.region
  database_version    = "POSTGRES_18"
  deletion_protection = true
  encryption_key_name = var.kms_key

  settings {
    edition                     = "ENTERPRISE"
    tier                        = var.tier
    availability_type           = var.is_regional ? "REGIONAL" : "ZONAL"
    disk_type                   = "PD_SSD"
    disk_autoresize             = true
    deletion_protection_enabled = true

    ip_configuration {
      ipv4_enabled    = false
      private_network = var.network
      ssl_mode        = "ENCRYPTED_ONLY"
    }

    backup_configuration {
      enabled                        = true
      point_in_time_recovery_enabled = true
      start_time                     = "03:00"
      transaction_log_retention_days = 7

      backup_retention_settings {
        retained_backups = 14
      }
    }

    maintenance_window {
      day          = 7
      hour         = 4
      update_track = "stable"
    }

    password_validation_policy {
      enable_password_policy      = true
      min_length                  = 20
      complexity                  = "COMPLEXITY_DEFAULT"
      disallow_username_substring = true
    }

    # Who connected, who waited, what changed tables, how long it took; never a statement with values.
    database_flags {
      name  = "cloudsql.enable_pgaudit"
      value = "on"
    }

    database_flags {
      name  = "log_checkpoints"
      value = "on"
    }

    database_flags {
      name  = "log_connections"
      value = "on"
    }

    database_flags {
      name  = "log_disconnections"
      value = "on"
    }

    database_flags {
      name  = "log_duration"
      value = "on"
    }

    database_flags {
      name  = "log_hostname"
      value = "on"
    }

    database_flags {
      name  = "log_lock_waits"
      value = "on"
    }

    database_flags {
      name  = "log_min_duration_statement"
      value = "-1"
    }

    database_flags {
      name  = "log_min_error_statement"
      value = "error"
    }

    database_flags {
      name  = "log_min_messages"
      value = "error"
    }

    database_flags {
      name  = "log_statement"
      value = "ddl"
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_sql_database" "this" {
  for_each = var.databases

  name            = each.value
  instance        = google_sql_database_instance.this.name
  deletion_policy = "ABANDON"
}
