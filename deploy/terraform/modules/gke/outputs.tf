output "cluster" {
  description = "Name of the cluster, for `gcloud container clusters get-credentials`."
  value       = google_container_cluster.this.name
}

output "nodes_member" {
  description = "The machines' account as a member of policies."
  value       = google_service_account.nodes.member
}

output "workloads" {
  description = "Kubernetes' objects, for `kubectl apply -f -`."
  value       = local.workloads
}
