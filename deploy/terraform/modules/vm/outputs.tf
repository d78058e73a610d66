output "name" {
  description = "Name of the machine, for `gcloud compute ssh --tunnel-through-iap`."
  value       = google_compute_instance.this.name
}

output "zone" {
  description = "Zone of the machine."
  value       = google_compute_instance.this.zone
}
