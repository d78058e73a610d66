resource "google_artifact_registry_repository" "this" {
  #checkov:skip=CKV_GCP_84:Keys of the project's own are a choice (kms_key); images hold no data and no secrets.
  repository_id = var.name
  location      = var.region
  format        = "DOCKER"
  description   = "MusicFlow's images, a tag for each release."
  kms_key_name  = var.kms_key

  # A release's tag always names the same image.
  docker_config {
    immutable_tags = true
  }

  cleanup_policies {
    id     = "untagged"
    action = "DELETE"
    condition {
      tag_state  = "UNTAGGED"
      older_than = "2592000s"
    }
  }
}

resource "google_artifact_registry_repository_iam_member" "readers" {
  for_each = var.readers

  repository = google_artifact_registry_repository.this.name
  location   = var.region
  role       = "roles/artifactregistry.reader"
  member     = each.value
}
