locals {
  secrets_folder = "/etc/musicflow/secrets"
}

# What Dataproc stages and spills; Google's own choice would be buckets that others share.
resource "google_storage_bucket" "work" {
  #checkov:skip=CKV_GCP_62:As the lake's: Cloud Audit Logs tell of reads and writes.
  #checkov:skip=CKV_GCP_78:Files of running jobs alone, which go after days; nothing is brought back.
  for_each = toset(["staging", "temp"])

  name                        = "${var.project}-${var.name}-${each.key}"
  location                    = var.region
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  # A landing that goes on for ever reads its package from here for as long as it runs.
  lifecycle_rule {
    condition {
      age            = 7
      matches_prefix = each.key == "temp" ? [] : ["google-cloud-dataproc-metainfo/"]
    }
    action {
      type = "Delete"
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      default_kms_key_name = encryption.value
    }
  }
}

# Secrets as files on each machine, fetched with landing's account when it starts: properties of a
# job can be read by everybody who sees the project.
resource "google_storage_bucket_object" "fetch_secrets" {
  name   = "musicflow/fetch-secrets.sh"
  bucket = google_storage_bucket.work["staging"].name
  content = templatefile("${path.module}/fetch-secrets.sh.tftpl", {
    project = var.project
    folder  = local.secrets_folder
    secrets = var.secrets
  })
  content_type = "text/x-shellscript"
}

# Machines are added while Spark waits for memory, and go, when their tasks are done, while it does not.
resource "google_dataproc_autoscaling_policy" "this" {
  policy_id = var.name
  location  = var.region

  worker_config {
    min_instances = var.workers
    max_instances = var.workers
  }

  secondary_worker_config {
    min_instances = 0
    max_instances = var.most_more_workers
  }

  basic_algorithm {
    cooldown_period = "240s"

    yarn_config {
      graceful_decommission_timeout = "600s"
      scale_up_factor               = 1
      scale_down_factor             = 0.5
    }
  }
}

resource "google_dataproc_cluster" "this" {
  #checkov:skip=CKV_GCP_91:Keys of the project's own are a choice (kms_key); by default Google encrypts with its keys.
  name                          = var.name
  region                        = var.region
  graceful_decommission_timeout = "600s"

  cluster_config {
    staging_bucket = google_storage_bucket.work["staging"].name
    temp_bucket    = google_storage_bucket.work["temp"].name

    gce_cluster_config {
      subnetwork             = var.subnetwork
      internal_ip_only       = true
      service_account        = var.account
      service_account_scopes = ["cloud-platform"]
      tags                   = var.tags

      metadata = {
        "block-project-ssh-keys" = "true"
        "enable-oslogin"         = "true"
      }

      shielded_instance_config {
        enable_secure_boot          = true
        enable_vtpm                 = true
        enable_integrity_monitoring = true
      }
    }

    master_config {
      num_instances = 1
      machine_type  = var.machine_type

      disk_config {
        boot_disk_size_gb = 100
        boot_disk_type    = "pd-balanced"
      }
    }

    worker_config {
      num_instances = var.workers
      machine_type  = var.machine_type

      disk_config {
        boot_disk_size_gb = 100
        boot_disk_type    = "pd-balanced"
      }
    }

    preemptible_worker_config {
      num_instances  = 0
      preemptibility = "NON_PREEMPTIBLE"

      disk_config {
        boot_disk_size_gb = 100
        boot_disk_type    = "pd-balanced"
      }
    }

    software_config {
      image_version = var.image_version

      override_properties = {
        # Landing's lines reach Cloud Logging, where the alerts read them.
        "dataproc:dataproc.logging.stackdriver.job.driver.enable"         = "true"
        "dataproc:dataproc.logging.stackdriver.job.yarn.container.enable" = "true"
        "dataproc:dataproc.scheduler.driver-size-mb"                      = "2048"
      }
    }

    initialization_action {
      script      = "gs://${google_storage_bucket_object.fetch_secrets.bucket}/${google_storage_bucket_object.fetch_secrets.name}"
      timeout_sec = 300
    }

    autoscaling_config {
      policy_uri = google_dataproc_autoscaling_policy.this.name
    }

    # Spark's and YARN's pages are reached by SSH through the Identity-Aware Proxy, if at all.
    endpoint_config {
      enable_http_port_access = false
    }

    dynamic "encryption_config" {
      for_each = var.kms_key == null ? [] : [var.kms_key]
      content {
        kms_key_name = encryption_config.value
      }
    }
  }

  lifecycle {
    # The policy moves it.
    ignore_changes = [cluster_config[0].preemptible_worker_config[0].num_instances]
  }
}
