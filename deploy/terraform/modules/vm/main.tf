data "google_compute_image" "cos" {
  family  = "cos-stable"
  project = "cos-cloud"
}

resource "google_compute_instance" "this" {
  #checkov:skip=CKV_GCP_38:Keys of the project's own are a choice (kms_key); by default Google encrypts with its keys.
  name                      = var.name
  description               = "Dagster: webserver, daemon and runs, in containers."
  zone                      = var.zone
  machine_type              = var.machine_type
  tags                      = var.tags
  allow_stopping_for_update = true
  deletion_protection       = true

  boot_disk {
    auto_delete       = true
    kms_key_self_link = var.kms_key

    initialize_params {
      image = data.google_compute_image.cos.self_link
      size  = 50
      type  = "pd-balanced"
    }
  }

  # No access_config: no external address.
  network_interface {
    subnetwork = var.subnetwork
  }

  service_account {
    email  = var.account
    scopes = ["cloud-platform"]
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  metadata = {
    block-project-ssh-keys    = "true"
    enable-oslogin            = "TRUE"
    google-logging-enabled    = "true"
    google-monitoring-enabled = "true"
    serial-port-enable        = "false"

    user-data = local.user_data
  }

  lifecycle {
    # A new image of the system is taken when somebody replaces the machine, not at each plan.
    ignore_changes = [boot_disk[0].initialize_params[0].image]
  }
}
