output "repository" {
  description = "What the names of images begin with, REGION-docker.pkg.dev/PROJECT/NAME."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.this.repository_id}"
}
