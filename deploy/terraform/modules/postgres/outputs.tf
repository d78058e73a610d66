output "instance" {
  description = "Name of the instance, for `gcloud sql users set-password postgres`."
  value       = google_sql_database_instance.this.name
}

output "address" {
  description = "Its address within the network."
  value       = google_sql_database_instance.this.private_ip_address
}
