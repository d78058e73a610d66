# Google's services that are asked; they stay on when this is destroyed, for others may use them.
resource "google_project_service" "this" {
  for_each = toset(concat(
    [
      "artifactregistry", "bigquery", "billingbudgets", "cloudresourcemanager", "compute", "iam",
      "iap", "logging", "monitoring", "secretmanager", "servicenetworking", "serviceusage",
      "sqladmin", "storage",
    ],
    local.uses_managed_kafka ? ["managedkafka"] : [],
    var.landing_on == "dataproc" ? ["dataproc"] : [],
    var.dagster_on == "gke" ? ["binaryauthorization", "container"] : [],
  ))

  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}
