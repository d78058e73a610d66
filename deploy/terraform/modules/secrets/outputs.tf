output "ids" {
  description = "Names of the secrets in Secret Manager, by the end of their name."
  value       = { for key, secret in google_secret_manager_secret.this : key => secret.secret_id }
}
