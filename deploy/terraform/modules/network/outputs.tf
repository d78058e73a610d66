output "network" {
  description = "The network's id; it is known once Google's services are joined to it."
  value       = google_compute_network.this.id
  depends_on  = [google_service_networking_connection.services]
}

output "subnetwork" {
  description = "The subnet's id, projects/…/subnetworks/…."
  value       = google_compute_subnetwork.this.id
}

output "range_names" {
  description = "Names of the subnet's ranges for pods and services."
  value       = { for each in google_compute_subnetwork.this.secondary_ip_range : each.range_name => each.range_name }
}

output "tags" {
  description = "Tags of machines: `cluster` for Dataproc's, `tunnel` for those that people may reach."
  value       = local.tags
}
