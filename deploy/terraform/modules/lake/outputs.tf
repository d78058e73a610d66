output "bucket" {
  description = "Name of the bucket."
  value       = google_storage_bucket.lake.name
}

output "lake" {
  description = "MUSICFLOW_LAKE."
  value       = "gs://${google_storage_bucket.lake.name}/lake"
}

output "checkpoints" {
  description = "MUSICFLOW_CHECKPOINTS."
  value       = "gs://${google_storage_bucket.lake.name}/checkpoints"
}

output "package" {
  description = "Folder for landing's package: what `python -m streaming package` is given."
  value       = "gs://${google_storage_bucket.lake.name}/landing"
}
