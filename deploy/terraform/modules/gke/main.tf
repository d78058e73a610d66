# The machines' own account: it writes logs and metrics, and pulls images (modules/images).
resource "google_service_account" "nodes" {
  account_id   = "${var.name}-nodes"
  display_name = "MusicFlow nodes"
  description  = "Machines of GKE; pods have accounts of their own."
}

resource "google_project_iam_member" "nodes" {
  project = var.project
  role    = "roles/container.defaultNodeServiceAccount"
  member  = google_service_account.nodes.member
}

resource "google_container_cluster" "this" {
  #checkov:skip=CKV_GCP_12:Autopilot has Dataplane V2, which enforces network policies without this switch.
  #checkov:skip=CKV_GCP_13:Certificates of clients cannot be issued on Autopilot.
  #checkov:skip=CKV_GCP_20:There is no address of the control plane to restrict: it is reached by name, by whom IAM lets in.
  #checkov:skip=CKV_GCP_24:Pod security policies are gone from Kubernetes; the namespace enforces `restricted`.
  #checkov:skip=CKV_GCP_61:Flow logs are on (modules/network); Autopilot shows traffic within a machine without this switch, which it refuses.
  #checkov:skip=CKV_GCP_65:Groups of Google Workspace belong to an organization, of which this module knows nothing.
  #checkov:skip=CKV_GCP_68:Autopilot's nodes always boot securely.
  #checkov:skip=CKV_GCP_69:Autopilot always has the metadata server of GKE.
  #checkov:skip=CKV_GCP_72:Autopilot's nodes always have integrity monitoring.
  name                = var.name
  location            = var.region
  network             = var.network
  subnetwork          = var.subnetwork
  enable_autopilot    = true
  deletion_protection = true
  datapath_provider   = "ADVANCED_DATAPATH"
  resource_labels     = { station = "dagster" }

  ip_allocation_policy {
    cluster_secondary_range_name  = var.range_names["pods"]
    services_secondary_range_name = var.range_names["services"]
  }

  # No machine has an external address, and neither has the control plane: `gcloud container
  # clusters get-credentials --dns-endpoint` reaches it by name, with a grant of IAM.
  private_cluster_config {
    enable_private_nodes    = true
    enable_private_endpoint = true
  }

  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = true
    }

    ip_endpoints_config {
      enabled = false
    }
  }

  cluster_autoscaling {
    auto_provisioning_defaults {
      service_account = google_service_account.nodes.email
      oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    }
  }

  release_channel {
    channel = "REGULAR"
  }

  maintenance_policy {
    recurring_window {
      start_time = "2026-01-03T02:00:00Z"
      end_time   = "2026-01-03T08:00:00Z"
      recurrence = "FREQ=WEEKLY;BYDAY=SA,SU"
    }
  }

  # Pods mount secrets as files from Secret Manager: none is kept in Kubernetes.
  secret_manager_config {
    enabled = true
  }

  binary_authorization {
    evaluation_mode = "PROJECT_SINGLETON_POLICY_ENFORCE"
  }

  dynamic "database_encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]
    content {
      state    = "ENCRYPTED"
      key_name = database_encryption.value
    }
  }

  depends_on = [google_project_iam_member.nodes]
}

# Workload identity: a pod of Kubernetes' account `dagster` is the account `musicflow-dagster`.
resource "google_service_account_iam_member" "pods" {
  for_each = var.accounts

  service_account_id = each.value
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.project}.svc.id.goog[${var.namespace}/${each.key}]"

  depends_on = [google_container_cluster.this]
}
