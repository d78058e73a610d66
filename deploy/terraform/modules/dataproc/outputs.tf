output "cluster" {
  description = "MUSICFLOW_DATAPROC_CLUSTER."
  value       = google_dataproc_cluster.this.name
}

output "secrets_folder" {
  description = "Folder of the secrets' files on each machine."
  value       = local.secrets_folder
}
